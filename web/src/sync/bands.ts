// How exact a viewer wants to be, and how the controller gives way when a device cannot.

/** The viewer's choice. */
export type Mode = 'tight' | 'normal' | 'relaxed' | 'off'

/** Errors in milliseconds. */
export interface Band {
  /** Above this a correction begins. */
  readonly enter: number
  /** Below this the error is as good as none. */
  readonly leave: number
  /** Above this only a seek helps. */
  readonly seek: number
  /** Largest lasting change of rate while steady. */
  readonly maxRate: number
}

const bands: Record<Mode, Band> = {
  tight: { enter: 12, leave: 4, seek: 600, maxRate: 0.05 },
  normal: { enter: 40, leave: 8, seek: 700, maxRate: 0.05 },
  relaxed: { enter: 120, leave: 30, seek: 1500, maxRate: 0.03 },
  off: { enter: Infinity, leave: Infinity, seek: Infinity, maxRate: 0 },
}

const seekOnlyBand: Band = { enter: Infinity, leave: 250, seek: 250, maxRate: 0 }
const seekOnlySpacingMs = 15_000
const uselessBursts = 4
const widenForMs = 60_000

/** Chooses the band: the viewer's mode, doubled up to four times for a minute when seeks come in pairs. */
export class Bands {
  mode: Mode = 'tight'
  private seeks: number[] = []
  private factor = 1
  private until = -Infinity
  private useless = 0

  /** Set when changing the rate has proved useless on this device: only seeks are left, rarely. */
  get seekOnly(): boolean {
    return this.useless >= uselessBursts
  }

  /** 1, or 2 or 4 while the band is widened. */
  widened(nowMs: number): number {
    return nowMs < this.until ? this.factor : 1
  }

  current(nowMs: number): Band {
    const b = this.seekOnly && this.mode !== 'off' ? seekOnlyBand : bands[this.mode]
    const f = this.widened(nowMs)
    return f === 1 ? b : { enter: b.enter * f, leave: b.leave * f, seek: b.seek * f, maxRate: b.maxRate }
  }

  maySeek(nowMs: number): boolean {
    const last = this.seeks[this.seeks.length - 1] ?? -Infinity
    return nowMs - last >= (this.seekOnly ? seekOnlySpacingMs : 700)
  }

  /** A seek has been used to correct. */
  sought(nowMs: number): void {
    this.seeks = [...this.seeks.filter((t) => nowMs - t < 10_000), nowMs]
    if (this.seeks.length >= 2) {
      this.factor = Math.min(4, this.widened(nowMs) * 2)
      this.until = nowMs + widenForMs
      this.seeks = [nowMs]
    }
  }

  /** A rate correction should have moved the media by wanted ms and has moved it by got ms. */
  judge(wantedMs: number, gotMs: number): void {
    if (Math.abs(wantedMs) < 9) return
    this.useless = gotMs / wantedMs < 0.3 ? this.useless + 1 : 0
  }

  /** The player refuses rates other than 1. */
  rateRefused(): void {
    this.useless = uselessBursts
  }

  /** Another player or source: what was learned about rates does not hold. */
  forget(): void {
    this.useless = 0
  }
}
