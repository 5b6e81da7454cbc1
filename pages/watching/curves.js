// The curves of a run. Python sends the points that are new; they are kept, drawn and moved on here.

const instances = new WeakMap()
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 10, 20, 40] // pixels around the plot
const GROW = 900 // milliseconds in which a line grows to its newest point: by then there is the next
const SETTLE = 250 // milliseconds in which an axis takes its new ends
const FINE = 0.003 // of the axis: what is less is not worth any motion
const FRAME = 30 // milliseconds between two pictures of a motion, at least
const SVG = "http://www.w3.org/2000/svg"

// called once; mount.js is called with the data, perhaps before
export default function ({ data }) {
  const shared = (window.layerwiseCurves ??= { early: [] })
  shared.draw = (given) => draw(given, data.css)
  shared.early.splice(0).forEach(shared.draw)
}

function draw({ data, parentElement, setTriggerValue }, css) {
  const box = parentElement.querySelector(".curves")
  let curves = instances.get(box)
  if (!curves) {
    element("style", {}, parentElement).textContent = css
    curves = new Curves(box)
    instances.set(box, curves)
  }
  curves.ask = () => setTriggerValue("again", Date.now())
  curves.show(data)
  return () => curves.rest()
}

class Curves {
  constructor(box) {
    this.box = box
    this.lines = {}
    this.plots = new Map()
    this.zoom = null // ends of the x axis that a person chose
    this.at = null // where the pointer is on the x axis
    this.reveal = null // lines are shown up to here
    this.asked = 0
    this.pictured = 0
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(box)
  }

  show(data) {
    this.data = data
    if (!this.take(data)) return
    const shown = new Set(data.charts.map((chart) => chart.name))
    for (const [name, plot] of this.plots) {
      if (!shown.has(name)) {
        plot.figure.remove()
        this.plots.delete(name)
      }
    }
    for (const chart of data.charts) {
      if (!this.plots.has(chart.name)) this.plots.set(chart.name, new Plot(this, chart.name))
    }
    this.newest = Math.max(0, ...data.charts.flatMap((chart) => chart.lines.map((line) => this.lines[line.name]?.x.at(-1) ?? 0)))
    this.box.dataset.points = Object.values(this.lines).reduce((sum, line) => sum + line.x.length, 0)
    this.box.dataset.newest = this.newest
    this.begin(data.stamp !== this.stamp || data.x.kind !== this.kind)
    this.stamp = data.stamp
    this.kind = data.x.kind
  }

  // put new points behind those that are here; false where some between are missing
  take(data) {
    const whole = Object.entries(data.lines).every(([name, line]) => {
      const held = this.lines[name]
      const fits = held && held.stamp === data.stamp && held.width === line.width && held.x.length >= line.from
      return line.from === 0 || fits
    })
    if (!whole) {
      if (Date.now() - this.asked > 1500) this.ask()
      this.asked = Date.now()
      return false
    }
    const kept = {}
    for (const [name, line] of Object.entries(data.lines)) {
      const held = line.from ? this.lines[name] : { x: [], y: [] }
      kept[name] = {
        stamp: data.stamp,
        width: line.width,
        x: [...held.x.slice(0, line.from), ...floats(line.x)],
        y: [...held.y.slice(0, line.from), ...floats(line.y)],
      }
    }
    this.lines = kept
    return true
  }

  // begin to move towards what the data say; at once where the line is another one
  begin(anew) {
    const still = anew || this.reveal === null || document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches
    if (anew && this.kind && this.data.x.kind !== this.kind) this.zoom = null
    const end = Math.max(this.data.x.to ?? 0, this.newest) * 1.02 || 1
    this.ends = still || !this.ends ? [end, end] : [this.end, end] // of the x axis: now, and then
    this.end = this.ends[0]
    this.from = still ? this.newest : Math.min(this.reveal, this.newest)
    if (this.newest - this.from < FINE * (this.span[1] - this.span[0])) this.from = this.newest
    this.begun = performance.now()
    for (const plot of this.plots.values()) plot.begin(still)
    this.draw()
    if (!this.frame) this.frame = requestAnimationFrame(() => this.move())
  }

  move() {
    const passed = performance.now() - this.begun
    this.frame = 0
    if (!this.box.isConnected) return
    const again = () => (this.frame = requestAnimationFrame(() => this.move()))
    if (performance.now() - this.pictured < FRAME) return again()
    this.pictured = performance.now()
    const share = this.from < this.newest ? Math.min(1, passed / GROW) : 1
    this.reveal = this.from + share * (this.newest - this.from)
    const settled = Math.min(1, passed / SETTLE)
    const end = this.ends[0] + settled * (this.ends[1] - this.ends[0])
    const grows = end !== this.end
    this.end = end
    for (const plot of this.plots.values()) plot.move(settled, grows)
    if (share < 1 || settled < 1) again()
  }

  rest() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    if (!this.box.isConnected) this.observer.disconnect()
  }

  draw() {
    for (const plot of this.plots.values()) plot.draw()
  }

  get span() {
    return this.zoom || [0, this.end]
  }

  point(at) {
    this.at = at
    for (const plot of this.plots.values()) plot.point()
  }

  look(zoom) {
    this.zoom = zoom
    for (const plot of this.plots.values()) plot.begin(true)
    this.draw()
  }
}

class Plot {
  constructor(owner, name) {
    this.owner = owner
    this.name = name
    this.figure = element("figure", {}, owner.box)
    const head = element("div", { class: "head" }, this.figure)
    this.title = element("figcaption", {}, head)
    this.back = element("button", { type: "button", class: "back" }, head)
    this.back.textContent = "Show all"
    this.back.onclick = () => owner.look(null)
    this.legend = element("div", { class: "legend" }, this.figure)
    this.svg = drawn("svg", { tabindex: 0, role: "img" }, this.figure)
    this.said = element("span", { class: "said", "aria-live": "polite" }, this.figure)
    this.grid = drawn("g", { class: "grid" }, this.svg)
    this.clip = drawn("rect", { y: 0 }, drawn("clipPath", { id: `clip-${name}` }, this.svg))
    this.paths = drawn("g", { "clip-path": `url(#clip-${name})` }, this.svg)
    this.mark = drawn("g", { class: "mark" }, this.svg)
    this.cursor = drawn("g", { class: "cursor" }, this.svg)
    this.chosen = drawn("rect", { class: "chosen" }, this.svg)
    this.listen()
  }

  get chart() {
    return this.owner.data.charts.find((chart) => chart.name === this.name)
  }

  listen() {
    const place = (event) => {
      const x = event.clientX - this.svg.getBoundingClientRect().left
      return this.value(Math.min(this.right, Math.max(LEFT, x)))
    }
    this.svg.onpointerdown = (event) => {
      if (event.pointerType === "mouse" && event.button === 0) this.start = place(event)
      this.owner.point(place(event))
    }
    this.svg.onpointermove = (event) => {
      this.owner.point(place(event))
      this.choose(event.buttons & 1 ? place(event) : null)
    }
    this.svg.onpointerup = (event) => {
      const [from, to] = [this.start ?? place(event), place(event)].sort((a, b) => a - b)
      this.choose(null)
      if (this.x(to) - this.x(from) > 8) this.owner.look([from, to])
    }
    this.svg.onpointerleave = () => {
      this.choose(null)
      this.owner.point(null)
    }
    this.svg.ondblclick = () => this.owner.look(null)
    this.svg.onblur = () => this.owner.point(null)
    this.svg.onkeydown = (event) => this.key(event)
  }

  key(event) {
    const { owner } = this
    const [low, high] = owner.span
    const line = [...this.chart.lines].reverse().map((one) => owner.lines[one.name]).find((one) => one?.x.length)
    if (!line) return
    const xs = line.x
    const now = owner.at === null ? xs.length - 1 : Math.min(search(xs, owner.at - 1e-6 * (high - low)), xs.length - 1)
    const steps = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: xs.length - 1 }
    if (event.key in steps) {
      const next = owner.at === null ? now : Math.min(xs.length - 1, Math.max(0, steps[event.key]))
      owner.point(xs[next])
      this.said.textContent = this.words
    } else if (event.key === "+" || event.key === "-") {
      const middle = owner.at ?? (low + high) / 2
      const half = ((high - low) / 2) * (event.key === "+" ? 0.5 : 2)
      const all = owner.newest
      owner.look(half * 2 >= all ? null : [Math.max(0, middle - half), Math.max(0, middle - half) + 2 * half])
    } else if (event.key === "Escape" || event.key === "0") {
      owner.look(null)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  choose(to) {
    if (to === null) {
      this.start = undefined
      return this.chosen.setAttribute("width", 0)
    }
    if (this.start === undefined) return
    const [from, end] = [this.x(this.start), this.x(to)].sort((a, b) => a - b)
    set(this.chosen, { x: from, y: TOP, width: end - from, height: this.bottom - TOP })
  }

  get log() {
    return this.chart.log
  }

  // where the value axis shall end
  goal() {
    const { chart, owner } = this
    if (chart.kind === "share" && !owner.zoom) return [0, 1]
    const [from, to] = owner.span
    let [low, high] = [Infinity, -Infinity]
    for (const { name } of chart.lines) {
      const { x, y } = owner.lines[name] ?? { x: [], y: [] }
      for (let i = 0; i < x.length; i++) {
        if (x[i] < from || x[i] > to || (chart.log && y[i] <= 0)) continue
        if (y[i] < low) low = y[i]
        if (y[i] > high) high = y[i]
      }
    }
    return ends(low, high, chart.log, !owner.zoom)
  }

  begin(still) {
    const goal = this.goal()
    if (still || !this.ends || this.wasLog !== this.log) this.ends = goal
    this.wasLog = this.log
    this.old = this.ends
    this.goals = goal
  }

  move(share, grows) {
    const way = 1 - (1 - share) ** 3
    const between = this.goals.map((goal, i) => this.old[i] + way * (goal - this.old[i]))
    if (grows || between[0] !== this.ends[0] || between[1] !== this.ends[1]) {
      this.ends = share === 1 ? this.goals : between
      this.draw()
    } else this.uncover()
  }

  x(value) {
    const [low, high] = this.owner.span
    return LEFT + ((value - low) / (high - low)) * (this.right - LEFT)
  }

  value(x) {
    const [low, high] = this.owner.span
    return low + ((x - LEFT) / (this.right - LEFT)) * (high - low)
  }

  y(value) {
    const [low, high] = this.ends
    const share = this.log ? Math.log(Math.max(value, 1e-30) / low) / Math.log(high / low) : (value - low) / (high - low)
    return this.bottom - share * (this.bottom - TOP)
  }

  draw() {
    const width = this.figure.clientWidth
    if (!width || !this.ends) return
    const { chart, owner } = this
    const { height } = chart
    this.right = width - RIGHT
    this.bottom = height - BOTTOM
    set(this.svg, { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": chart.alt })
    text(this.title, chart.title)
    this.back.classList.toggle("needed", Boolean(owner.zoom))
    this.drawLegend()
    this.drawGrid()
    sized(this.paths, chart.lines.length, "path").forEach((path, i) => {
      const line = chart.lines[i]
      set(path, { class: line.look, d: this.path(line, owner.span), style: `stroke:${line.color}` })
    })
    this.drawMark()
    this.uncover()
    this.point()
  }

  // a line's way; the part outside of the axis but for the next points is left away
  path(line, [low, high]) {
    const { x, y } = this.owner.lines[line.name] ?? { x: [], y: [] }
    const first = Math.max(0, search(x, low) - 1)
    const last = Math.min(x.length - 1, search(x, high) + 1)
    const parts = []
    for (let i = first; i <= last; i++) {
      parts.push(`${i === first ? "M" : "L"}${this.x(x[i]).toFixed(1)},${this.y(y[i]).toFixed(1)}`)
    }
    if (line.dots && last - first < 40) {
      for (let i = first; i <= last; i++) {
        parts.push(`M${(this.x(x[i]) - 2.5).toFixed(1)},${this.y(y[i]).toFixed(1)}a2.5,2.5 0 1 0 5,0a2.5,2.5 0 1 0 -5,0`)
      }
    }
    return parts.join("")
  }

  uncover() {
    if (this.right === undefined) return
    const to = this.owner.reveal === null ? this.owner.newest : this.owner.reveal
    // a little more, for the dot at its end
    const end = to >= this.owner.newest ? this.right + 4 : Math.min(this.x(to) + 1, this.right + 4)
    set(this.clip, { x: LEFT - 3, y: TOP - 4, width: Math.max(0, end - LEFT + 3), height: this.bottom - TOP + 8 })
  }

  drawGrid() {
    const { chart, owner, right, bottom } = this
    const [low, high] = this.ends
    const across = ticks(...owner.span, Math.max(2, (right - LEFT) / 70), owner.data.x.kind)
    const up = ticks(low, high, Math.max(2, (bottom - TOP) / 42), chart.log ? "log" : "number")
    const parts = []
    for (const value of up) {
      const y = this.y(value).toFixed(1)
      parts.push(`<line x1="${LEFT}" x2="${right}" y1="${y}" y2="${y}"/>`)
      parts.push(`<text x="${LEFT - 7}" y="${y}" dy="0.35em" text-anchor="end">${written(value, chart.kind, chart.log ? 1 : high - low)}</text>`)
    }
    for (const value of across) {
      const x = this.x(value).toFixed(1)
      parts.push(`<line x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}"/>`)
      parts.push(`<text x="${x}" y="${bottom + 16}" text-anchor="middle">${written(value, owner.data.x.kind, 1)}</text>`)
    }
    parts.push(`<text x="${(LEFT + right) / 2}" y="${bottom + 34}" text-anchor="middle">${owner.data.x.title}</text>`)
    const content = parts.join("")
    if (this.gridShown !== content) this.grid.innerHTML = this.gridShown = content // numbers and own words only
  }

  drawMark() {
    const { best, borders } = this.owner.data
    this.mark.innerHTML = ""
    for (const one of borders) this.drawUpright(one, "border", this.bottom - 6)
    // above the plot, where no curve comes
    if (best && this.chart.marked) this.drawUpright(best, "best", TOP - 6)
  }

  drawUpright({ x: place, label }, look, y) {
    if (place < this.owner.span[0] || place > this.owner.span[1]) return
    const x = this.x(place)
    // a border's label is where that begins which it names, unless there is no room
    const left = x > (look === "border" ? this.right - 80 : (LEFT + this.right) / 2)
    drawn("line", { x1: x, x2: x, y1: TOP, y2: this.bottom, class: look }, this.mark)
    const at = { x: left ? x - 4 : x + 4, y, "text-anchor": left ? "end" : "start" }
    drawn("text", at, this.mark).textContent = label
  }

  drawLegend() {
    const lines = this.chart.lines.filter((line) => line.label)
    sized(this.legend, lines.length, "span", true).forEach((item, i) => {
      if (!item.firstChild) {
        const sample = drawn("svg", { width: 22, height: 8, "aria-hidden": true }, item)
        drawn("path", { d: "M0,4L22,4" }, sample)
        element("span", {}, item)
        element("b", {}, item)
      }
      set(item.querySelector("path"), { class: lines[i].look, style: `stroke:${lines[i].color}` })
      text(item.children[1], lines[i].label)
    })
  }

  // the values at the pointer, in the legend: nothing covers the curves, nothing moves
  point() {
    const { owner, chart } = this
    this.cursor.innerHTML = ""
    const lines = chart.lines.filter((line) => line.label)
    const [low, high] = owner.span
    const at = owner.at
    const parts = []
    lines.forEach((line, i) => {
      const { x, y } = owner.lines[line.name] ?? { x: [], y: [] }
      let place = at === null ? x.length - 1 : search(x, at)
      if (at !== null && (place === x.length || (place > 0 && at - x[place - 1] < x[place] - at))) place--
      const known = place >= 0 && place < x.length
      const words = known ? exact(y[place], chart.kind) : "–"
      const item = this.legend.children[i]
      if (item) text(item.children[2], words)
      if (!known || at === null) return
      parts.push(`${line.label} ${words}`)
      if (x[place] < low || x[place] > high || this.right === undefined) return
      drawn("circle", { cx: this.x(x[place]), cy: this.y(y[place]), r: 4, style: `stroke:${line.color}` }, this.cursor)
    })
    if (at === null || this.right === undefined) return
    const x = this.x(at)
    const where = owner.data.x.kind === "time" ? lasting(at) : `epoch ${at.toFixed(2).replace(/\.?0+$/, "")}`
    this.words = `${where}: ${parts.join(", ")}`
    drawn("line", { x1: x, x2: x, y1: TOP, y2: this.bottom }, this.cursor)
    const left = x > (LEFT + this.right) / 2
    drawn("text", { x: x + (left ? -5 : 5), y: this.bottom - 22, "text-anchor": left ? "end" : "start" }, this.cursor).textContent = where
  }
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value)
  }
}

function text(node, words) {
  if (node.textContent !== words) node.textContent = words
}

function element(name, attributes, parent) {
  const node = parent.appendChild(document.createElement(name))
  set(node, attributes)
  return node
}

function drawn(name, attributes, parent) {
  const node = parent.appendChild(document.createElementNS(SVG, name))
  set(node, attributes)
  return node
}

// as many children as wanted
function sized(parent, count, name, plain = false) {
  while (parent.children.length > count) parent.lastChild.remove()
  while (parent.children.length < count) (plain ? element : drawn)(name, {}, parent)
  return [...parent.children]
}
