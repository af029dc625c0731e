/** Canned replies: texts under a shortcut, filled in for a customer. */
import { answerOf, api } from '@/api/client'
import type { CannedReply } from '@/api/types'

export interface NewCannedReply {
  shortcut: string
  text: string
  /** Null for a reply of all bots. */
  bot_id: string | null
}

/** What one may use, by shortcut. */
export async function fetchCannedReplies(): Promise<CannedReply[]> {
  const { items } = await answerOf(api.GET('/api/v1/canned-replies'))
  return items
}

export function createCannedReply(reply: NewCannedReply): Promise<CannedReply> {
  return answerOf(api.POST('/api/v1/canned-replies', { body: reply }))
}

export function editCannedReply(
  id: string,
  edit: { shortcut: string; text: string },
): Promise<CannedReply> {
  const path = { reply_id: id }
  return answerOf(api.PATCH('/api/v1/canned-replies/{reply_id}', { params: { path }, body: edit }))
}

export async function deleteCannedReply(id: string): Promise<void> {
  const path = { reply_id: id }
  await answerOf(api.DELETE('/api/v1/canned-replies/{reply_id}', { params: { path } }))
}

/** The text with its placeholders filled in for the customer of a conversation. */
export async function fetchFilled(conversationId: string, replyId: string): Promise<string> {
  const path = { conversation_id: conversationId, reply_id: replyId }
  const { text } = await answerOf(
    api.GET('/api/v1/conversations/{conversation_id}/canned-replies/{reply_id}', {
      params: { path },
    }),
  )
  return text
}
