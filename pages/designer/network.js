// The picture of the network: the layer under the hand is lit here and in the stack, a click selects.

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
  const onPoint = (event) => light(event.detail, "pointed")
  const onSelect = (event) => {
    const layer = event.target.closest(".layer")
    if (!layer) return
    window.dispatchEvent(new CustomEvent("layerwise-select", { detail: Number(layer.dataset.number) }))
  }
  const onOver = (event) => light(event.target.closest(".layer")?.dataset.number || 0, "pointed")
  window.addEventListener("layerwise-point", onPoint)
  box.onclick = onSelect
  box.onpointerover = onOver
  return () => window.removeEventListener("layerwise-point", onPoint)
}
