// The picture of the network: the layer under the hand is lit here and in the stack, a click selects.

const listeners = new WeakMap()

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector(".network")
  if (box.dataset.drawn !== data.svg) {
    box.innerHTML = data.svg // made by core.design.picture, which escapes every name
    box.dataset.drawn = data.svg
  }
  const light = (number, name) => {
    box.querySelectorAll(`.layer.${name}`).forEach((layer) => layer.classList.remove(name))
    box.querySelector(`.layer[data-number="${number}"]`)?.classList.add(name)
  }
  light(data.selected, "selected")
  const lit = box.querySelector(".layer.selected")
  if (lit && box.scrollWidth > box.clientWidth) {
    const at = lit.getBoundingClientRect()
    const around = box.getBoundingClientRect()
    if (at.left < around.left || at.right > around.right) {
      box.scrollLeft += at.left - around.left - around.width / 2
    }
  }
  const onSelect = (event) => {
    const layer = event.target.closest(".layer")
    if (!layer) return
    window.dispatchEvent(new CustomEvent("layerwise-select", { detail: Number(layer.dataset.number) }))
  }
  const onOver = (event) => light(event.target.closest(".layer")?.dataset.number || 0, "pointed")
  box.onclick = onSelect
  box.onpointerover = onOver
  // one listener for a box, however often this is called: Streamlit asks for the end only once
  if (!listeners.has(box)) listeners.set(box, (event) => light(event.detail, "pointed"))
  window.addEventListener("layerwise-point", listeners.get(box))
  return () => window.removeEventListener("layerwise-point", listeners.get(box))
}
