/** How messages stand in a thread: under which day, and together with whom. */
import type { Conversation, Message } from '@/api/types'
import { isSameDay } from '@/text/time'

const TOGETHER_MS = 5 * 60_000 // what one person writes within this time stands as one block

export interface ThreadRow {
  message: Message
  /** The first message of its day. */
  newDay: boolean
  /** The first and the last of a block by one author. */
  first: boolean
  last: boolean
}

export function threadRows(messages: readonly Message[]): ThreadRow[] {
  return messages.map((message, index) => {
    const before = messages[index - 1]
    const after = messages[index + 1]
    return {
      message,
      newDay: !before || !isSameDay(new Date(before.at), new Date(message.at)),
      first: !before || !together(before, message),
      last: !after || !together(message, after),
    }
  })
}

function together(a: Message, b: Message): boolean {
  return (
    a.direction === b.direction &&
    sameAuthor(a.author, b.author) &&
    a.internal === b.internal &&
    isSameDay(new Date(a.at), new Date(b.at)) &&
    Date.parse(b.at) - Date.parse(a.at) < TOGETHER_MS
  )
}

/** A live frame does not say which customer wrote in a private thread: there is only one. */
function sameAuthor(a: Message['author'], b: Message['author']): boolean {
  if (a.kind !== b.kind) return false
  return a.id === b.id || (a.kind === 'customer' && (a.id === null || b.id === null))
}

/** What names the author of a message: a name, or words of ours that may hold one. */
export type AuthorLabel = { name: string } | { key: string; name?: string } | null

/**
 * The line above a block of messages; null where everybody knows who it is.
 * Staff without an id wrote in the platform's own tool, outside this inbox.
 */
export function authorLabel({ author }: Message, kind: Conversation['kind']): AuthorLabel {
  switch (author.kind) {
    case 'customer':
      if (kind === 'inbox') return null
      return author.name === null ? { key: 'author.unnamed' } : { name: author.name }
    case 'staff':
      if (author.id === null) return { key: 'author.outside' }
      return author.name === null ? { key: 'author.staff' } : { name: author.name }
    case 'script':
      if (author.name === null) return { key: 'author.script' }
      return { key: 'author.scriptNamed', name: author.name }
    case 'automation':
      if (author.name === null) return { key: 'author.automation' }
      return { key: 'author.automationNamed', name: author.name }
    default:
      return { key: `author.${author.kind}` }
  }
}
