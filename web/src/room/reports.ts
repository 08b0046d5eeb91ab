import type { Report } from '../gen/synctv/v1/realtime_pb'
import type { SocketDeps } from '../net/socket'

/** About once a second is what the room wants to know. */
const EVERY_MS = 1000
/** A change of state is news, yet not more often than this. */
const NEWS_MS = 250

/** Lets one report a second pass, the latest; a change of state sooner. */
export class ReportGate {
  private sentAt = Number.NEGATIVE_INFINITY
  private sent: Report | null = null
  private waiting: Report | null = null
  private timer = 0

  constructor(
    private readonly clock: Pick<SocketDeps, 'now' | 'setTimeout' | 'clearTimeout'>,
    private readonly send: (r: Report) => void,
  ) {}

  offer(report: Report): void {
    this.waiting = report
    const news = this.sent?.state !== report.state || this.sent.readyRevision !== report.readyRevision
    const due = this.sentAt + (news ? NEWS_MS : EVERY_MS) - this.clock.now()
    this.clock.clearTimeout(this.timer)
    if (due <= 0) this.flush()
    else this.timer = this.clock.setTimeout(() => this.flush(), due)
  }

  stop(): void {
    this.clock.clearTimeout(this.timer)
    this.waiting = null
  }

  private flush(): void {
    if (!this.waiting) return
    this.sent = this.waiting
    this.waiting = null
    this.sentAt = this.clock.now()
    this.send(this.sent)
  }
}
