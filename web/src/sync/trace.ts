// The last things the sync engine did, for the page's export and for measurements.

export interface TraceEntry {
  /** Page time in ms. */
  readonly t: number
  /** What happened: state, play, pause, seek, rate, error, stall, ready, clock, blocked, band. */
  readonly kind: string
  readonly value?: number
  readonly note?: string
}

/** A ring of bounded size. */
export class Trace {
  private readonly ring: TraceEntry[] = []
  private next = 0

  constructor(private readonly size = 2000) {}

  add(t: number, kind: string, value?: number, note?: string): void {
    const entry: TraceEntry = {
      t: Math.round(t * 10) / 10, kind,
      ...(value === undefined ? {} : { value: Math.round(value * 1000) / 1000 }),
      ...(note === undefined ? {} : { note }),
    }
    if (this.ring.length < this.size) this.ring.push(entry)
    else this.ring[this.next] = entry
    this.next = (this.next + 1) % this.size
  }

  /** Oldest first. */
  entries(): TraceEntry[] {
    if (this.ring.length < this.size) return [...this.ring]
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)]
  }

  count(kind: string, sinceMs = -Infinity): number {
    return this.ring.filter((e) => e.kind === kind && e.t >= sinceMs).length
  }
}
