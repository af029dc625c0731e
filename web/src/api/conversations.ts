/** Conversations, their messages, and what an agent does to them. */
import { answerOf, api } from '@/api/client'
import type {
  Channel,
  Conversation,
  ConversationStatus,
  MessagePage,
  Page,
  UncaredCounts,
  View,
} from '@/api/types'

export interface ConversationFilter {
  view: View
  channel: Channel | null
  bot_id: string | null
  unread: boolean
  /** Ids of tags, of which the customer has one at least; none: whatever tags they have. */
  tags: readonly string[]
  q: string
}

export interface ListPlace {
  cursor: string | null
  limit: number
  signal: AbortSignal
}

/** Where in a thread to read: from `cursor` on, or the page around a message. Newest first. */
export interface ThreadPlace {
  cursor?: string | null
  around?: string | null
  limit: number
}

export function fetchConversations(
  { view, channel, bot_id, unread, tags, q }: ConversationFilter,
  { cursor, limit, signal }: ListPlace,
): Promise<Page<Conversation>> {
  const query = {
    view,
    limit,
    ...(channel === null ? {} : { channel }),
    ...(bot_id === null ? {} : { bot_id }),
    ...(unread ? { unread } : {}),
    ...(tags.length === 0 ? {} : { tag: [...tags] }),
    ...(q === '' ? {} : { q }),
    ...(cursor === null ? {} : { cursor }),
  }
  return answerOf(api.GET('/api/v1/conversations', { params: { query }, signal }))
}

/** The conversation of a customer that was active last. */
export async function fetchLatestOf(customer_id: string): Promise<Conversation | null> {
  const query = { customer_id, limit: 1 }
  const { items } = await answerOf(api.GET('/api/v1/conversations', { params: { query } }))
  return items[0] ?? null
}

/** How many conversations wait for an answer, by view and by channel. */
export function fetchUncaredCounts({
  bot_id,
  tags,
}: Pick<ConversationFilter, 'bot_id' | 'tags'>): Promise<UncaredCounts> {
  const query = {
    ...(bot_id === null ? {} : { bot_id }),
    ...(tags.length === 0 ? {} : { tag: [...tags] }),
  }
  return answerOf(api.GET('/api/v1/conversations/counts', { params: { query } }))
}

export function fetchConversation(id: string): Promise<Conversation> {
  const path = { conversation_id: id }
  return answerOf(api.GET('/api/v1/conversations/{conversation_id}', { params: { path } }))
}

export function fetchMessages(
  conversationId: string,
  { cursor = null, around = null, limit }: ThreadPlace,
): Promise<MessagePage> {
  const path = { conversation_id: conversationId }
  const query = {
    limit,
    ...(cursor === null ? {} : { cursor }),
    ...(around === null ? {} : { around }),
  }
  return answerOf(
    api.GET('/api/v1/conversations/{conversation_id}/messages', { params: { path, query } }),
  )
}

/** Safe to repeat: the server never moves the mark back. */
export function markRead(conversationId: string, upToSeq: number): Promise<Conversation> {
  return answerOf(
    api.POST('/api/v1/conversations/{conversation_id}/read', {
      params: { path: { conversation_id: conversationId } },
      body: { up_to_seq: upToSeq },
    }),
  )
}

export function changeStatus(
  conversationId: string,
  status: ConversationStatus,
): Promise<Conversation> {
  return answerOf(
    api.PATCH('/api/v1/conversations/{conversation_id}', {
      params: { path: { conversation_id: conversationId } },
      body: { status },
    }),
  )
}

/** Bots and scripts may go on. It does not undo that a customer asked for silence. */
export function giveBack(conversation_id: string): Promise<Conversation> {
  return answerOf(
    api.PUT('/api/v1/conversations/{conversation_id}/automation', {
      params: { path: { conversation_id } },
      body: { state: 'active', minutes: null },
    }),
  )
}
