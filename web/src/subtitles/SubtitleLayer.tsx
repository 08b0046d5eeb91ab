// Draws the cues that show now. Text goes into text nodes only.

import { useEffect, useState } from 'preact/hooks'
import type { Cue, Run } from './cue'
import type { Track } from './track'
import './subtitles.css'

export interface SubtitleLayerProps {
  track: Track | null
  /** Media time in milliseconds. */
  positionMs: () => number
  /** Positive shows the text later. */
  offsetMs: number
  /** Factor on the normal letter size. */
  size: number
  /** Room to leave at the lower edge, for the controls. */
  raised: boolean
}

export function SubtitleLayer(props: SubtitleLayerProps) {
  const { track, positionMs, offsetMs, size } = props
  const [cues, setCues] = useState<Cue[]>([])
  useEffect(() => {
    if (!track) return setCues([])
    let shown: Cue[] = []
    const look = () => {
      const now = track.at(positionMs() - offsetMs)
      if (now.length === shown.length && now.every((c, i) => c === shown[i])) return
      setCues((shown = now))
    }
    look()
    const timer = setInterval(look, 50)
    return () => clearInterval(timer)
  }, [track, positionMs, offsetMs])
  if (cues.length === 0) return null
  return (
    <div class={`sub-layer${props.raised ? ' sub-raised' : ''}`} style={{ '--sub-size': size }}>
      {groups(cues).map(([name, group]) => (
        <div key={name} class={`sub-area sub-${name}`}>{group.map(cueNode)}</div>
      ))}
      {cues.filter((c) => c.place.at).map(pointNode)}
    </div>
  )
}

/** Cues without a point of their own, by the corner they belong to. */
function groups(cues: Cue[]): [string, Cue[]][] {
  const out = new Map<string, Cue[]>()
  for (const cue of cues) {
    if (cue.place.at) continue
    const name = `${cue.place.y}-${cue.place.x}`
    out.set(name, [...(out.get(name) ?? []), cue])
  }
  return [...out]
}

function cueNode(cue: Cue) {
  return (
    <p class="sub-cue" key={cue.startMs} dir="auto">
      {cue.lines.map((line, n) => <span class="sub-line" key={n}>{line.map(runNode)}</span>)}
    </p>
  )
}

function pointNode(cue: Cue) {
  const { at, x, y } = cue.place
  const shift = { left: '0', center: '-50%', right: '-100%', top: '0', middle: '-50%', bottom: '-100%' }
  const style = { left: `${at?.x}%`, top: `${at?.y}%`, transform: `translate(${shift[x]}, ${shift[y]})` }
  return <div class="sub-point" style={style}>{cueNode(cue)}</div>
}

function runNode(run: Run, key: number) {
  const names = ['sub-run', run.b && 'sub-b', run.i && 'sub-i', run.u && 'sub-u'].filter(Boolean).join(' ')
  return <span class={names} key={key} style={run.color ? { color: run.color } : undefined}>{run.text}</span>
}
