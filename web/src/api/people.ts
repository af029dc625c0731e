/** Who is in charge of a conversation, and what an agent does about it. */
import { answerOf, api } from '@/api/client'
import type { Assignment, Colleague, Conversation, People, Receipt } from '@/api/types'

export function fetchPeople(conversationId: string): Promise<People> {
  const path = { conversation_id: conversationId }
  return answerOf(api.GET('/api/v1/conversations/{conversation_id}/people', { params: { path } }))
}

/** To whom it could go; those who are here first. */
export async function fetchColleagues(conversationId: string): Promise<Colleague[]> {
  const path = { conversation_id: conversationId }
  const { items } = await answerOf(
    api.GET('/api/v1/conversations/{conversation_id}/colleagues', { params: { path } }),
  )
  return items
}

/** The newest entries of the history. */
export async function fetchReceipts(conversationId: string): Promise<Receipt[]> {
  const path = { conversation_id: conversationId }
  const { items } = await answerOf(
    api.GET('/api/v1/conversations/{conversation_id}/receipts', { params: { path } }),
  )
  return items
}

export function claim(conversationId: string): Promise<Conversation> {
  const path = { conversation_id: conversationId }
  return answerOf(api.POST('/api/v1/conversations/{conversation_id}/claim', { params: { path } }))
}

/** `from` is the assignee that was seen: when that has changed, nothing is done. */
export function assign(conversationId: string, body: Assignment): Promise<Conversation> {
  const path = { conversation_id: conversationId }
  return answerOf(
    api.POST('/api/v1/conversations/{conversation_id}/assignee', { params: { path }, body }),
  )
}

export function addParticipant(
  conversationId: string,
  body: { staff_id: string; reason: string | null },
): Promise<Conversation> {
  const path = { conversation_id: conversationId }
  return answerOf(
    api.POST('/api/v1/conversations/{conversation_id}/participants', { params: { path }, body }),
  )
}

export function removeParticipant(conversationId: string, staffId: string): Promise<Conversation> {
  const path = { conversation_id: conversationId, staff_id: staffId }
  return answerOf(
    api.DELETE('/api/v1/conversations/{conversation_id}/participants/{staff_id}', {
      params: { path },
    }),
  )
}
