// The stack of layers: select, drag, keyboard. Every gesture becomes an operation with a number;
// a message holds all operations that the server has not acknowledged, since of two messages that
// arrive during one script run only the later is heard. The list moves at once, before the answer.

const instances = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  // by the list, which is what the listeners hang on: Streamlit may wrap it anew around a rerun
  const list = parentElement.querySelector("[role=listbox]")
  let stack = instances.get(list)
  if (!stack) {
    stack = new Stack(parentElement)
    instances.set(list, stack)
  }
  stack.send = (value) => setTriggerValue("act", value)
  window.addEventListener("layerwise-select", stack.onSelect) // once, however often it is asked for
  stack.show(data)
  return () => window.removeEventListener("layerwise-select", stack.onSelect)
}

class Stack {
  constructor(root) {
    this.client = Math.random().toString(36).slice(2)
    this.number = 0
    this.pending = []
    this.waiting = [] // gestures after undo or redo, which know no positions before the answer
    this.list = root.querySelector("[role=listbox]")
    this.palette = root.querySelector(".palette")
    this.live = root.querySelector(".live")
    this.list.addEventListener("keydown", (event) => this.key(event))
    this.list.addEventListener("pointerdown", (event) => this.press(event, "row"))
    this.palette.addEventListener("pointerdown", (event) => this.press(event, "chip"))
    this.palette.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-kind]")
      // the click after a drag is none; one from the keyboard (detail 0) always is
      if (chip && (event.detail === 0 || !this.dragged)) this.add(chip.dataset.kind, this.selected)
    })
    this.list.addEventListener("pointerover", (event) => this.point(event))
    this.list.addEventListener("pointerleave", () => this.point(null))
    this.onSelect = (event) => this.then(() => this.select(event.detail - 1))
  }

  show(data) {
    if (data.client === this.client) {
      this.pending = this.pending.filter((item) => item.id > data.done)
    }
    if (this.pending.length) return // the answer to an earlier gesture: a later one is on its way
    this.stamp = data.stamp
    this.rows = data.rows
    this.selected = data.selected - 1
    if (!this.palette.childElementCount) this.drawPalette(data.palette)
    this.draw()
    this.waiting.splice(0).forEach((gesture) => gesture())
  }

  // run a gesture once positions are known
  then(gesture) {
    if (this.pending.some((item) => item.act === "undo" || item.act === "redo")) this.waiting.push(gesture)
    else gesture()
  }

  drawPalette(groups) {
    this.kinds = {}
    for (const group of groups) {
      const box = document.createElement("div")
      box.className = "group"
      box.setAttribute("role", "group")
      box.setAttribute("aria-label", group.name)
      const name = document.createElement("span")
      name.className = "name"
      name.textContent = group.name
      const chips = document.createElement("div")
      chips.className = "chips"
      box.append(name, chips)
      for (const item of group.items) {
        this.kinds[item.kind] = { title: item.title, color: group.color }
        const chip = document.createElement("button")
        chip.type = "button"
        chip.dataset.kind = item.kind
        chip.title = item.about
        chip.style.setProperty("--color", group.color)
        chip.textContent = item.title
        chips.append(chip)
      }
      this.palette.append(box)
    }
  }

  // only rows that differ are made anew: laying out forty takes the browser longer than the answer
  draw() {
    this.rows.forEach((row, index) => {
      const there = this.list.children[index]
      const key = JSON.stringify([row, index === this.selected])
      if (there?.key === key) return
      const item = this.item(row, index)
      item.key = key
      if (there) there.replaceWith(item)
      else this.list.append(item)
    })
    while (this.list.children.length > this.rows.length) this.list.lastElementChild.remove()
    this.list.setAttribute("aria-activedescendant", `layer-${this.selected}`)
    this.reveal()
  }

  item(row, index) {
    const item = document.createElement("li")
    item.id = `layer-${index}`
    item.setAttribute("role", "option")
    item.setAttribute("aria-selected", String(index === this.selected))
    item.setAttribute("aria-label", label(row, index))
    item.dataset.index = index
    item.className = [row.on ? "" : "off", row.level || "", row.fixed ? "fixed" : ""].join(" ")
    item.style.setProperty("--color", row.color)
    item.append(
      part("grip", row.fixed ? "" : "⠿"),
      part("position", String(index + 1)),
      part("title", row.title),
      part("details", row.on ? row.details : "switched off"),
      part("mark", { error: "✕", advice: "!" }[row.level] || (row.vary ? "↔" : "")),
      part("shape", row.shape)
    )
    if (row.says) item.title = row.says
    return item
  }

  // scroll the list, and not the page, to the selected layer, when it has become another one
  reveal() {
    const item = this.list.children[this.selected]
    if (!item || this.revealed === `${this.selected} of ${this.rows.length}`) return
    this.revealed = `${this.selected} of ${this.rows.length}`
    const [top, bottom] = [item.offsetTop - 8, item.offsetTop + item.offsetHeight + 8]
    const { scrollTop, clientHeight } = this.list
    if (top < scrollTop) this.list.scrollTop = top
    else if (bottom > scrollTop + clientHeight) this.list.scrollTop = bottom - clientHeight
  }

  // gestures -------------------------------------------------------------------------------------

  do(operation, words) {
    this.pending.push({ id: ++this.number, ...operation })
    this.send({ client: this.client, stamp: this.stamp, operations: this.pending })
    if (words) this.live.textContent = words
  }

  select(index, focus = false) {
    if (index < 0 || index >= this.rows.length) return
    if (index !== this.selected) {
      this.selected = index
      this.draw()
      this.do({ act: "select", at: index }, label(this.rows[index], index))
    }
    if (focus) this.list.focus({ preventScroll: true })
  }

  add(kind, after) {
    const at = Math.max(after + 1, 1)
    const { title, color } = this.kinds[kind]
    this.put(at, { title, color, details: "", shape: "", on: true, end: kind === "output" })
    this.do({ act: "add", kind, at }, `${title} added`)
  }

  duplicate(at) {
    if (this.rows[at].end) return
    this.put(at + 1, this.rows[at])
    this.do({ act: "duplicate", at }, `${this.rows[at].title} duplicated`)
  }

  put(at, row) {
    this.rows = [...this.rows.slice(0, at), row, ...this.rows.slice(at)]
    this.selected = at
    this.draw()
  }

  remove(at) {
    if (this.rows[at].fixed) return
    const { title } = this.rows[at]
    this.rows = this.rows.filter((_, index) => index !== at)
    this.selected = Math.max(at - 1, 0)
    this.draw()
    this.do({ act: "remove", at }, `${title} deleted`)
  }

  switch(at) {
    const row = this.rows[at]
    if (row.end && row.on) return
    this.rows = this.rows.map((other, index) => (index === at ? { ...row, on: !row.on } : other))
    this.draw()
    this.do({ act: "switch", at }, `${row.title} switched ${row.on ? "off" : "on"}`)
  }

  move(start, end) {
    const first = this.rows[0] && this.rows[0].fixed ? 1 : 0
    if (start < first || end < first || end >= this.rows.length || start === end) return
    this.rows = [...this.rows]
    this.rows.splice(end, 0, ...this.rows.splice(start, 1))
    this.selected = end
    this.draw()
    this.do({ act: "move", at: start, to: end }, `${this.rows[end].title} moved to ${end + 1}`)
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey
    const acts = {
      ArrowUp: (at) => (event.altKey ? this.move(at, at - 1) : this.select(at - 1)),
      ArrowDown: (at) => (event.altKey ? this.move(at, at + 1) : this.select(at + 1)),
      Home: () => this.select(0),
      End: () => this.select(this.rows.length - 1),
      Delete: (at) => this.remove(at),
      Backspace: (at) => this.remove(at),
      " ": (at) => this.switch(at),
    }
    const withCommand = {
      d: (at) => this.duplicate(at),
      z: () => this.do({ act: event.shiftKey ? "redo" : "undo" }, event.shiftKey ? "Redone" : "Undone"),
      y: () => this.do({ act: "redo" }, "Redone"),
    }
    const act = command ? withCommand[event.key.toLowerCase()] : acts[event.key]
    if (act) {
      event.preventDefault()
      event.stopPropagation()
      // several undos may follow each other at once: they know no positions
      if (command && event.key.toLowerCase() !== "d") act()
      else this.then(() => act(this.selected))
    }
  }

  point(event) {
    const item = event && event.target.closest("li")
    const number = item ? Number(item.dataset.index) + 1 : 0
    window.dispatchEvent(new CustomEvent("layerwise-point", { detail: number }))
  }

  // dragging, with the mouse or by the handle with a finger -------------------------------------

  press(event, what) {
    const item = event.target.closest(what === "row" ? "li" : "[data-kind]")
    if (!item || event.button !== 0) return
    this.dragged = false
    const start = { x: event.clientX, y: event.clientY }
    const index = what === "row" ? Number(item.dataset.index) : -1
    const free = event.pointerType === "mouse" || what === "chip" || event.target.closest(".grip")
    const movable = free && !(what === "row" && this.rows[index].fixed)
    let ghost = null
    let place = -1
    const onMove = (now) => {
      if (!movable) return
      if (!ghost) {
        if (Math.hypot(now.clientX - start.x, now.clientY - start.y) < 5) return
        ghost = this.lift(item)
        this.dragged = true
      }
      ghost.style.transform = `translate(${now.clientX + 8}px, ${now.clientY - 14}px)`
      place = this.placeAt(now)
      this.line(place)
      this.scroll(now.clientY)
    }
    const onUp = (now) => {
      window.removeEventListener("pointermove", onMove)
      window.removeEventListener("pointerup", onUp)
      window.removeEventListener("pointercancel", onCancel)
      window.removeEventListener("keydown", onKey, true)
      if (!ghost) {
        if (what === "row" && now) this.then(() => this.select(index, true))
        return
      }
      ghost.remove()
      this.line(-1)
      if (now && place >= 0) {
        this.then(() => {
          if (what === "chip") this.add(item.dataset.kind, place - 1)
          else this.move(index, place > index ? place - 1 : place)
        })
        this.list.focus({ preventScroll: true })
      }
    }
    const onCancel = () => onUp(null)
    const onKey = (key) => {
      if (key.key === "Escape") onCancel()
    }
    window.addEventListener("pointermove", onMove)
    window.addEventListener("pointerup", onUp)
    window.addEventListener("pointercancel", onCancel)
    window.addEventListener("keydown", onKey, true)
  }

  lift(item) {
    const ghost = item.cloneNode(true)
    ghost.removeAttribute("id")
    ghost.classList.add("ghost")
    ghost.style.width = `${Math.min(item.offsetWidth, 280)}px`
    this.list.parentElement.append(ghost)
    return ghost
  }

  // the place, 1 to n, before which the pointer is; -1 where dropping means nothing
  placeAt(event) {
    const box = this.list.getBoundingClientRect()
    if (event.clientX < box.left - 60 || event.clientX > box.right + 60) return -1
    if (event.clientY < box.top - 40 || event.clientY > box.bottom + 40) return -1
    const items = [...this.list.children]
    const found = items.findIndex((item) => {
      const at = item.getBoundingClientRect()
      return event.clientY < at.top + at.height / 2
    })
    const first = this.rows[0] && this.rows[0].fixed ? 1 : 0
    return Math.max(found < 0 ? items.length : found, first)
  }

  line(place) {
    ;[...this.list.children].forEach((item, index) => {
      item.classList.toggle("before", index === place)
      item.classList.toggle("after", place === this.rows.length && index === place - 1)
    })
  }

  // near an edge of the list or of the window, go on in that direction
  scroll(y) {
    const box = this.list.getBoundingClientRect()
    const edge = 36
    const inside = (top, bottom) => (y < top + edge ? -10 : y > bottom - edge ? 10 : 0)
    this.list.scrollTop += inside(box.top, box.bottom)
    const by = inside(0, window.innerHeight)
    if (by) document.querySelector('[data-testid="stMain"]')?.scrollBy(0, by)
  }
}

function part(name, text) {
  const span = document.createElement("span")
  span.className = name
  span.textContent = text
  return span
}

function label(row, index) {
  const words = [`${index + 1}, ${row.title}`, row.on ? row.details : "switched off", row.shape]
  if (row.level) words.push(row.level === "error" ? "has an error" : "has advice")
  return words.filter(Boolean).join(", ")
}
