// When a page lets its tone be heard.

/**
 * Runs in a page: has window.__ear listen to a video. Must stand alone, it is sent as text.
 *
 * The element's sound goes through an AudioWorklet, which notes the sample at which a tone begins. Which moment is that?
 * An element that plays into Web Audio hands out its samples at the moment they are due by its own clock, the one its
 * frames are shown by; what the loudspeaker takes after that (outputLatency) it cannot know, and would make good for if it
 * played to the loudspeaker directly. So a sample's time is when the worklet gets it. The graph is pulled in batches of a
 * few blocks at once; the clock that begins with the batches is fitted over all of them, which leaves some milliseconds.
 */
export async function installEar(video) {
  const code = `registerProcessor('ear', class extends AudioWorkletProcessor {
    constructor() { super(); this.quiet = sampleRate; this.clock = []; this.heard = 0; this.loud = 0 }
    process([input]) {
      const x = input[0]
      const now = Date.now()
      this.clock.push(now - currentTime * 1000)
      if (this.clock.length > 1500) this.clock.shift()
      if (x) for (let i = 0; i < x.length; i++) {
        const loud = Math.abs(x[i]) > 0.2
        this.heard++
        if (loud) this.loud++
        if (loud && this.quiet > sampleRate * 0.3) {
          const sorted = [...this.clock].sort((a, b) => a - b)
          this.port.postMessage({ onset: (currentTime + i / sampleRate) * 1000 + sorted[sorted.length >> 1] })
        }
        this.quiet = loud ? 0 : this.quiet + 1
      }
      if (this.clock.length % 100 === 0 || currentFrame % 12800 === 0) this.port.postMessage({ heard: this.heard, loud: this.loud })
      return true
    }
  })`
  const ctx = new AudioContext({ latencyHint: 'interactive' })
  await ctx.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
  const node = new AudioWorkletNode(ctx, 'ear')
  const ear = { onsets: [], heard: 0, loud: 0, about: () => ({ state: ctx.state, base: ctx.baseLatency * 1000, output: ctx.outputLatency * 1000, rate: ctx.sampleRate }) }
  node.port.onmessage = ({ data }) => {
    if ('onset' in data) ear.onsets.push(data.onset)
    else Object.assign(ear, data)
  }
  ctx.createMediaElementSource(video).connect(node).connect(ctx.destination)
  await ctx.resume()
  window.__ear = ear
}
