import { signal } from '@preact/signals'
import type { Message } from '../../gen/synctv/v1/chat_pb'

/** My message that the composer is changing; null while it writes a new one. */
export const editing = signal<Message | null>(null)
