/** The messages of one thread by id, in the order they are read: by time, then by number. */
import type { Message } from '@/api/types'

/** Each message once, the later version winning; oldest first. */
export function mergeMessages(known: readonly Message[], newer: readonly Message[]): Message[] {
  const byId = new Map([...known, ...newer].map((message) => [message.id, message]))
  return [...byId.values()].sort(oldestFirst)
}

export function oldestFirst(a: Message, b: Message): number {
  return Date.parse(a.at) - Date.parse(b.at) || a.seq - b.seq
}

/** How far the thread can be marked as read. */
export function highestSeq(messages: readonly Message[]): number {
  return messages.reduce((highest, message) => Math.max(highest, message.seq), 0)
}
