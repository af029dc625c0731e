/** What an agent says: messages, notes, files, and another try. */
import { answerOf, api, ApiError, errorOf, requestHeaders } from '@/api/client'
import type { Message, NewMessage, RetryAction, Upload } from '@/api/types'

const POST_TIMEOUT_MS = 30_000

export type Words = Pick<
  NewMessage,
  'client_id' | 'text' | 'attachments' | 'internal' | 'private' | 'reply_to'
>

/** Safe to repeat under the same client id. */
export function postMessage(conversationId: string, words: Words): Promise<Message> {
  return answerOf(
    api.POST('/api/v1/conversations/{conversation_id}/messages', {
      params: { path: { conversation_id: conversationId } },
      body: { ...words, quick_replies: [], buttons: [], sticker: null },
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    }),
  )
}

/** What somebody may do about a message on its way; `cancel` while it is still queued. */
export type FateAction = RetryAction | 'cancel'

export function decide(messageId: string, action: FateAction): Promise<Message> {
  const params = { path: { message_id: messageId } }
  return action === 'cancel'
    ? answerOf(api.DELETE('/api/v1/messages/{message_id}', { params }))
    : answerOf(api.POST('/api/v1/messages/{message_id}/retry', { params, body: { action } }))
}

export function showTyping(conversationId: string): Promise<unknown> {
  return answerOf(
    api.POST('/api/v1/conversations/{conversation_id}/typing', {
      params: { path: { conversation_id: conversationId } },
    }),
  )
}

export interface UploadWatch {
  /** From 0 to 1. */
  progress: (done: number) => void
  signal: AbortSignal
}

/**
 * Keep a file on the server; only XMLHttpRequest tells how far it is. Throws ApiError; never
 * settles once it was aborted.
 */
export function uploadFile(file: File, { progress, signal }: UploadWatch): Promise<Upload> {
  const request = new XMLHttpRequest()
  const form = new FormData()
  form.append('file', file)
  return new Promise((resolve, reject) => {
    request.open('POST', '/api/v1/uploads')
    for (const [name, value] of Object.entries(requestHeaders('POST'))) {
      request.setRequestHeader(name, value)
    }
    request.responseType = 'json'
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      progress(total === 0 ? 0 : loaded / total)
    })
    request.addEventListener('load', () => {
      if (request.status === 201) resolve(request.response as Upload)
      else reject(errorOf(request.status, request.response))
    })
    request.addEventListener('error', () => {
      reject(new ApiError(0, 'unreachable', ''))
    })
    signal.addEventListener('abort', () => {
      request.abort()
    })
    request.send(form)
  })
}
