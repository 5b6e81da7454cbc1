// A filter's window moves over the input; products, sum and the map's value are shown for its place.

const instances = new WeakMap()
const SIDE = 200 // pixels of the pictures on screen
const GRID = 120 // of the window's and the filter's grid

export default function ({ data, parentElement }) {
  const stage = parentElement.querySelector(".kernel")
  let kernel = instances.get(stage)
  if (!kernel) {
    kernel = new Kernel(parentElement)
    instances.set(stage, kernel)
  }
  kernel.show(data)
  return () => kernel.pause()
}

class Kernel {
  constructor(root) {
    const find = (name) => root.querySelector(name)
    this.input = find(".input")
    this.patch = find(".patch")
    this.weights = find(".weights")
    this.map = find(".map")
    this.button = find(".play")
    this.range = find("input")
    this.words = find("output")
    this.place = -1
    this.timer = 0
    this.making = false // whether the map is shown as far as it is made, or whole
    this.button.onclick = () => (this.timer ? this.pause() : this.play())
    this.range.oninput = () => {
      this.making = true
      this.go(Number(this.range.value))
    }
    this.input.onpointermove = (event) => this.point(event, this.input, this.data.height, this.data.width, true)
    this.map.onpointermove = (event) => this.point(event, this.map, this.data.rows, this.data.columns, false)
  }

  show(data) {
    this.data = data
    this.pixels = floats(data.image)
    this.kernel = floats(data.kernel)
    this.totals = floats(data.totals)
    this.values = floats(data.values)
    this.low = extremes(this.pixels)[0] < 0 ? -1 : 0 // pixels are scaled to 0 to 1, or -1 to 1
    this.scaleKernel = Math.max(...this.kernel.map(Math.abs), 1e-12)
    this.span = extremes(this.values)
    this.picture = this.drawn(data.height, data.width, (row, column) => this.color(row, column))
    this.mapped = this.drawn(data.rows, data.columns, (row, column) => {
      const value = this.values[row * data.columns + column]
      return gray((value - this.span[0]) / (this.span[1] - this.span[0] || 1))
    })
    this.range.max = data.rows * data.columns - 1
    const middle = Math.floor(data.rows / 2) * data.columns + Math.floor(data.columns / 2)
    this.go(this.place < 0 ? middle : Math.min(this.place, data.rows * data.columns - 1))
  }

  play() {
    const count = this.data.rows * this.data.columns
    if (this.place >= count - 1 || !this.making) this.place = 0
    this.making = true
    // a whole way takes about twelve seconds, whatever the size
    const by = Math.max(1, Math.round(count / 240))
    this.button.textContent = "Pause"
    this.timer = setInterval(() => {
      if (!this.input.isConnected || this.place >= count - 1) return this.pause()
      this.go(Math.min(this.place + by, count - 1))
    }, 50)
  }

  pause() {
    clearInterval(this.timer)
    this.timer = 0
    this.button.textContent = "Play"
  }

  point(event, canvas, rows, columns, onInput) {
    if (this.timer) return
    this.making = false
    const box = canvas.getBoundingClientRect()
    let row = Math.floor(((event.clientY - box.top) / box.height) * rows)
    let column = Math.floor(((event.clientX - box.left) / box.width) * columns)
    const { size, step, top, left } = this.data
    if (onInput) {
      row = Math.round((row - (size - 1) / 2 + top) / step)
      column = Math.round((column - (size - 1) / 2 + left) / step)
    }
    row = Math.min(Math.max(row, 0), this.data.rows - 1)
    column = Math.min(Math.max(column, 0), this.data.columns - 1)
    this.go(row * this.data.columns + column)
  }

  go(place) {
    this.place = place
    this.range.value = place
    const { columns, rows, size, step, top, left, height, width, channels } = this.data
    const row = Math.floor(place / columns)
    const column = place % columns
    const y = row * step - top
    const x = column * step - left
    const zoom = this.put(this.input, this.picture, SIDE)
    this.box(this.input, x * zoom, y * zoom, size * zoom)
    const patch = (r, c) =>
      y + r < 0 || x + c < 0 || y + r >= height || x + c >= width ? [0, 0, 0] : this.color(y + r, x + c)
    this.put(this.patch, this.drawn(size, size, patch), GRID)
    this.put(this.weights, this.drawn(size, size, (r, c) => this.weight(r, c)), GRID)
    const zoomed = this.put(this.map, this.mapped, SIDE, this.making ? place : -1)
    this.box(this.map, column * zoomed, row * zoomed, zoomed)
    const total = this.totals[place]
    const { bias, activation } = this.data
    const sum = total + bias
    const curve = activation === "linear" ? "" : ` ${activation} →`
    this.words.textContent =
      `row ${row + 1} of ${rows}, column ${column + 1} of ${columns}: ${size * size * channels} products ` +
      `sum up to ${short(total)}, + bias ${short(bias)} = ${short(sum)},${curve} ${short(this.values[place])}`
  }

  // a picture [rows, columns] of colours, one canvas pixel a value
  drawn(rows, columns, color) {
    const canvas = document.createElement("canvas")
    canvas.width = columns
    canvas.height = rows
    const pen = canvas.getContext("2d")
    const pixels = pen.createImageData(columns, rows)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        pixels.data.set([...color(row, column), 255], 4 * (row * columns + column))
      }
    }
    pen.putImageData(pixels, 0, 0)
    return canvas
  }

  // draw it crisply, as large as `side`; of a map only what is made up to `place`
  put(canvas, picture, side, place = -1) {
    const { width, height } = picture
    const longest = Math.max(width, height)
    const zoom = longest > side ? side / longest : Math.max(1, Math.floor(side / longest))
    canvas.width = Math.round(width * zoom)
    canvas.height = Math.round(height * zoom)
    const pen = canvas.getContext("2d")
    pen.imageSmoothingEnabled = zoom < 1
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
    if (place >= 0) {
      const row = Math.floor(place / width)
      const column = place % width
      pen.fillStyle = "rgb(128 128 128 / 72%)"
      pen.fillRect((column + 1) * zoom, row * zoom, canvas.width, zoom)
      pen.fillRect(0, (row + 1) * zoom, canvas.width, canvas.height)
    }
    return zoom
  }

  box(canvas, x, y, side) {
    const pen = canvas.getContext("2d")
    pen.lineWidth = 2
    pen.strokeStyle = "#E69F00"
    pen.strokeRect(x, y, side, side)
  }

  color(row, column) {
    const { width, channels } = this.data
    const at = (row * width + column) * channels
    const low = this.low
    const level = (value) => Math.min(255, Math.max(0, Math.round((255 * (value - low)) / (1 - low))))
    if (channels === 3) return [0, 1, 2].map((channel) => level(this.pixels[at + channel]))
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += this.pixels[at + channel]
    return Array(3).fill(level(sum / channels))
  }

  // blue is negative, orange positive, white 0: told apart by colour-blind people too
  weight(row, column) {
    const { size, channels } = this.data
    let sum = 0
    for (let channel = 0; channel < channels; channel++) {
      sum += this.kernel[(row * size + column) * channels + channel]
    }
    const share = Math.min(1, Math.abs(sum / channels) / this.scaleKernel)
    const end = sum < 0 ? [0, 114, 178] : [230, 159, 0]
    return end.map((value) => Math.round(255 + share * (value - 255)))
  }
}

function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  return Array.from(new Float32Array(bytes.buffer))
}

function extremes(values) {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

function gray(share) {
  return Array(3).fill(Math.round(255 * Math.min(1, Math.max(0, share))))
}

function short(value) {
  return Number(value).toFixed(3)
}
