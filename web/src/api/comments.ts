/** What staff do to the comments under posts: hide, like, take back. */
import { answerOf, api } from '@/api/client'
import type { Message } from '@/api/types'

/** Safe to repeat, as the others here. */
export function hideComment(messageId: string, hidden: boolean): Promise<Message> {
  return answerOf(
    api.POST('/api/v1/messages/{message_id}/hidden', {
      params: { path: { message_id: messageId } },
      body: { hidden },
    }),
  )
}

export function likeComment(messageId: string, liked: boolean): Promise<Message> {
  return answerOf(
    api.POST('/api/v1/messages/{message_id}/liked', {
      params: { path: { message_id: messageId } },
      body: { liked },
    }),
  )
}

export function removeComment(messageId: string): Promise<Message> {
  return answerOf(
    api.POST('/api/v1/messages/{message_id}/removed', {
      params: { path: { message_id: messageId } },
    }),
  )
}
