/**
 * What the controller needs of a media element. Times are seconds, as in HTMLMediaElement. Only the controller commands it;
 * its events never become intents.
 */
export interface Player {
  position(): number
  setPosition(seconds: number): void
  /** Rejects with an error named NotAllowedError when the browser wants a gesture first. */
  play(): Promise<void>
  pause(): void
  rate(): number
  setRate(rate: number): void
  /** HTMLMediaElement.readyState: 3 and more can play on. */
  readonly readyState: number
  readonly seeking: boolean
  readonly paused: boolean
  readonly ended: boolean
  /** Seconds; NaN or Infinity when not known. */
  readonly duration: number
  /** Seconds that can be played from the current position without the network. */
  readonly bufferedAhead: number
}
