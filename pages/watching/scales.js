// Numbers on an axis: where its ends and ticks are, and how they are written. Joined with curves.js.

const SPANS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]

// 1, 2 or 5 times a power of ten, at least `raw`
function rounded(raw) {
  const power = 10 ** Math.floor(Math.log10(raw))
  return power * [1, 2, 5, 10].find((times) => times * power >= raw * (1 - 1e-9))
}

// about `count` ticks between `low` and `high`
function ticks(low, high, count, kind) {
  if (kind === "log") return logTicks(low, high, count)
  const raw = Math.max((high - low) / Math.max(1, count), 1e-12)
  let step = (kind === "time" && SPANS.find((span) => span >= raw)) || rounded(raw)
  if (kind === "epoch") step = Math.max(1, step)
  const found = []
  for (let number = Math.ceil(low / step - 1e-6); number * step <= high + step * 1e-6; number++) {
    found.push(number * step)
  }
  return found
}

function logTicks(low, high, count) {
  const decades = Math.log10(high / low)
  const parts = decades > count / 2 ? [1] : decades > count / 4 ? [1, 3] : [1, 2, 5]
  const every = Math.max(1, Math.ceil(decades / count))
  const found = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high) + 1e-9; power++) {
    if (power % every) continue
    const values = parts.map((part) => part * 10 ** power)
    found.push(...values.filter((value) => value >= low * 0.999 && value <= high * 1.001))
  }
  return found
}

// the ends of an axis for values from `low` to `high`: round numbers, so that it seldom moves
function ends(low, high, log, fromZero) {
  if (!(high >= low)) return log ? [0.1, 1] : [0, 1]
  if (log) {
    const third = (value, round) => 10 ** (round(Math.log10(value) * 3) / 3)
    const [from, to] = [third(low, Math.floor), third(high, Math.ceil)]
    return from < to ? [from, to] : [from / 2, to * 2]
  }
  if (fromZero) low = Math.min(0, low)
  if (high === low) high = low + (Math.abs(low) || 1)
  const step = rounded((high - low) / 5)
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step + 0.05) * step]
}

// a value as people read it; `span` is what the axis spans: no more digits than tell ticks apart
function written(value, kind, span) {
  if (kind === "share") return `${(100 * value).toFixed(span < 0.05 ? 1 : 0)}%`
  if (kind === "time") return lasting(value)
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(span ? 0 : 2).replace("e-", "e−")
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  return Number(value.toPrecision(span ? 4 : 3)).toLocaleString("en", { maximumFractionDigits: 6 })
}

function exact(value, kind) {
  if (kind === "share") return `${(100 * value).toFixed(1)}%`
  if (kind === "number" && value >= 0.001 && value < 100) return value.toFixed(3)
  if (kind === "count") return Math.round(value).toLocaleString("en")
  return written(value, kind, 0)
}

function lasting(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min` + (seconds % 60 >= 1 ? ` ${Math.round(seconds % 60)} s` : "")
  return `${Math.floor(seconds / 3600)} h` + (seconds % 3600 >= 60 ? ` ${Math.floor((seconds % 3600) / 60)} min` : "")
}

// 32-bit floats, little endian, in base 64
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  return Array.from(new Float32Array(bytes.buffer))
}

// the place of the first of rising values that is not below `value`
function search(values, value) {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (values[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}
