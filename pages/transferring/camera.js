// The camera: records a handful of pictures while a button is held, or sends one after the other to be named.

const SIDE = 320 // pixels of a picture
const EVERY = 200 // milliseconds between two pictures of a recording
const MOST = 40 // pictures of one recording
const PAUSE = 300 // milliseconds between two pictures that are to be named, once the last one was
const QUALITY = 0.9

const instances = new WeakMap()

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const stage = parentElement.querySelector(".camera")
  let camera = instances.get(stage)
  if (!camera) {
    camera = new Camera(stage)
    instances.set(stage, camera)
  }
  camera.setTrigger = setTriggerValue
  camera.setState = setStateValue
  camera.show(data)
  return () => camera.leave()
}

class Camera {
  constructor(stage) {
    const find = (name) => stage.querySelector(name)
    this.stage = stage
    this.video = find("video")
    this.turn = find(".turn")
    this.hold = find(".hold")
    this.said = find(".said")
    this.count = find(".count")
    this.canvas = document.createElement("canvas")
    this.canvas.width = this.canvas.height = SIDE
    this.shots = []
    this.number = 0
    this.timer = 0
    this.turn.onclick = () => (this.stream ? this.off() : this.on())
    this.hold.onpointerdown = (event) => {
      this.hold.setPointerCapture(event.pointerId)
      this.record()
    }
    this.hold.onpointerup = this.hold.onpointercancel = () => this.send()
    this.hold.onkeydown = (event) => {
      if ((event.key === " " || event.key === "Enter") && !event.repeat) this.record()
      if (event.key === " " || event.key === "Enter") event.preventDefault()
    }
    this.hold.onkeyup = (event) => {
      if (event.key === " " || event.key === "Enter") this.send()
    }
    this.hold.onblur = () => this.send()
    this.hold.oncontextmenu = (event) => event.preventDefault() // of a long touch
  }

  show(data) {
    this.data = data
    if (data.mode === "watch" && this.stream) this.next()
  }

  async on() {
    if (!navigator.mediaDevices) {
      this.say("The browser gives the camera to pages of this machine and of https addresses only.")
      return
    }
    if (this.asking) return
    this.asking = true
    this.say("Waiting for the camera")
    try {
      const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "environment" }
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false })
    } catch (error) {
      const none = error.name === "NotFoundError" || error.name === "OverconstrainedError"
      this.say(
        none
          ? "No camera was found. Connect one, or upload photos."
          : `The browser did not give the camera (${error.name}). Allow it for this page, or upload photos.`,
      )
      return
    } finally {
      this.asking = false
    }
    if (!this.stage.isConnected) return this.release() // the page was left meanwhile
    this.video.srcObject = this.stream
    this.stage.classList.add("on")
    this.turn.textContent = "Turn the camera off"
    this.hold.hidden = this.data.mode !== "record"
    this.say(this.data.mode === "record" ? "Hold the button and move a little: some 20 pictures do." : "")
    await this.video.play().catch(() => {})
    if (this.data.mode === "watch") this.next()
  }

  // nothing is seen, recorded or sent any longer
  release() {
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    clearTimeout(this.timer)
    clearInterval(this.timer)
    this.stream = undefined
  }

  off() {
    this.release()
    this.video.srcObject = null
    this.stage.classList.remove("on")
    this.turn.textContent = "Turn the camera on"
    this.hold.hidden = true
    this.say("")
    if (this.data.mode === "watch") this.setState("picture", null)
  }

  // the part is gone from the page, or about to be drawn anew, which `show` tells
  leave() {
    setTimeout(() => {
      if (!this.stage.isConnected) this.release()
    }, 1000)
  }

  picture() {
    const { videoWidth: width, videoHeight: height } = this.video
    if (!width) return ""
    const side = Math.min(width, height)
    const context = this.canvas.getContext("2d")
    context.drawImage(this.video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE)
    return this.canvas.toDataURL("image/jpeg", QUALITY).split(",")[1]
  }

  record() {
    if (!this.stream || this.recording) return
    this.recording = true
    this.shots = []
    this.hold.classList.add("recording")
    this.count.hidden = false
    const shoot = () => {
      const shot = this.picture()
      if (shot && this.shots.length < MOST) this.shots.push(shot)
      this.count.textContent = this.shots.length
    }
    shoot()
    this.timer = setInterval(shoot, EVERY)
  }

  send() {
    if (!this.recording) return
    this.recording = false
    clearInterval(this.timer)
    this.hold.classList.remove("recording")
    this.count.hidden = true
    if (this.shots.length) this.setTrigger("shots", this.shots)
  }

  // one picture at a time: the next is sent once the last one was answered
  next() {
    clearTimeout(this.timer)
    if (this.data.answered < this.number && Date.now() - this.sent < 5000) return
    this.timer = setTimeout(() => {
      if (!this.stream || !this.stage.isConnected) return
      const shot = this.picture()
      this.number += 1
      this.sent = Date.now()
      if (shot) this.setState("picture", { number: this.number, shot })
      this.timer = setTimeout(() => this.next(), 5100) // where an answer got lost
    }, PAUSE)
  }

  say(words) {
    this.said.textContent = words
  }
}
