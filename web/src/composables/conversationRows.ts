/** Rows of the conversation list: their order, and whether a conversation belongs to a view. */
import type { ConversationFilter } from '@/api/conversations'
import type { Conversation } from '@/api/types'

export interface Viewer {
  staffId: string
  openId: string | null
}

/** The newest last message first, as the server pages them. */
export function newestFirst(a: Conversation, b: Conversation): number {
  return compare(b.last?.at ?? '', a.last?.at ?? '') || compare(b.id, a.id)
}

/** The rows with this one in its place, whether or not it was among them; the others stay as they are. */
export function withRow(rows: readonly Conversation[], row: Conversation): Conversation[] {
  const others = withoutRow(rows, row.id)
  let low = 0
  let high = others.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const there = others[middle]
    if (there && newestFirst(there, row) < 0) low = middle + 1
    else high = middle
  }
  others.splice(low, 0, row)
  return others
}

export function withoutRow(rows: readonly Conversation[], id: string): Conversation[] {
  return rows.filter((row) => row.id !== id)
}

/** The next page below what is there; what is there already knows more than the page. */
export function withPage(rows: readonly Conversation[], page: readonly Conversation[]): Conversation[] {
  const there = new Set(rows.map(({ id }) => id))
  const added = page.filter(({ id }) => !there.has(id))
  const last = rows.at(-1)
  const follows = !last || added.every((row) => newestFirst(last, row) < 0)
  return follows ? [...rows, ...added] : [...rows, ...added].sort(newestFirst)
}

/**
 * Whether the list of `filter` shows the conversation, as far as the page can tell.
 * A search is the server's to answer: nothing joins its results by itself.
 */
export function belongs(
  conversation: Conversation,
  filter: ConversationFilter,
  viewer: Viewer,
): boolean {
  if (conversation.last === null) return false
  if (filter.unread && conversation.unread === 0 && conversation.id !== viewer.openId) return false
  if (filter.channel !== null && conversation.channel !== filter.channel) return false
  if (filter.bot_id !== null && conversation.bot_id !== filter.bot_id) return false
  if (!hasOneOf(filter.tags, conversation.tags)) return false
  return inView(conversation, filter, viewer)
}

function hasOneOf(wanted: readonly string[], tags: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((id) => tags.includes(id))
}

function inView(
  conversation: Conversation,
  { view }: ConversationFilter,
  { staffId }: Viewer,
): boolean {
  if (view === 'spam' || view === 'deleted') return conversation.status === view
  if (conversation.status === 'spam' || conversation.status === 'deleted') return false
  switch (view) {
    case 'all':
      return true
    case 'mine':
      return conversation.assignee === staffId
    case 'unassigned':
      return conversation.assignee === null
    case 'uncared':
      return conversation.waiting_since !== null && conversation.status === 'open'
    case 'inbox':
      return conversation.kind === 'inbox'
    case 'comment':
      return conversation.kind === 'comment'
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
