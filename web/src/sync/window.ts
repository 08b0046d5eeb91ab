/** The last few readings of an error. Their middle is what no single late timer can bend. */
export class Window {
  private values: { t: number; e: number }[] = []

  constructor(private readonly size = 31) {}

  add(t: number, e: number): void {
    this.values.push({ t, e })
    if (this.values.length > this.size) this.values.shift()
  }

  clear(): void {
    this.values = []
  }

  /** The median of the last n readings that are not older than maxAgeMs; null when there are fewer than `least`. */
  median(nowMs: number, least: number, n = this.size, maxAgeMs = 2000): number | null {
    const fresh = this.values.filter((v) => nowMs - v.t <= maxAgeMs).slice(-n)
    return fresh.length < least ? null : middle(fresh.map((v) => v.e))
  }

  /** How far readings usually lie from their median. */
  spread(): number {
    const m = middle(this.values.map((v) => v.e))
    return middle(this.values.map((v) => Math.abs(v.e - m)))
  }
}

function middle(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const mid = sorted.length >> 1
  const upper = sorted[mid] ?? 0
  return sorted.length % 2 ? upper : ((sorted[mid - 1] ?? upper) + upper) / 2
}
