/** The messages of one thread by id, in the order they are read: by time, then by number. */
import type { Message } from '@/api/types'

/** Each message once, the later version winning; oldest first. */
export function mergeMessages(known: readonly Message[], newer: readonly Message[]): Message[] {
  const byId = new Map([...known, ...newer].map((message) => [message.id, message]))
  for (const id of movedAway([...byId.values()])) byId.delete(id)
  return [...byId.values()].sort(oldestFirst)
}

/** Private answers to comments that are in the inbox of whoever got them, and not here any more. */
function movedAway(messages: readonly Message[]): string[] {
  return messages.flatMap(({ comment, conversation_id }) => {
    const answer = comment?.private_answer
    return answer && answer.conversation_id !== conversation_id ? [answer.message_id] : []
  })
}

export function oldestFirst(a: Message, b: Message): number {
  return Date.parse(a.at) - Date.parse(b.at) || a.seq - b.seq
}

/** How far the thread can be marked as read. */
export function highestSeq(messages: readonly Message[]): number {
  return messages.reduce((highest, message) => Math.max(highest, message.seq), 0)
}
