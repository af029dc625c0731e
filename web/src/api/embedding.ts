/** The sidebar in another product's frame: who may embed it, signing in there, whom to show. */
import { answerOf, api } from '@/api/client'
import type { Embedding, Located } from '@/api/types'

export function fetchEmbedding(): Promise<Embedding> {
  return answerOf(api.GET('/api/v1/embedding'))
}

/** For the pop-up: a code by which the frame that opened it signs in. */
export async function handOver(): Promise<string> {
  return (await answerOf(api.POST('/api/v1/session/handover'))).code
}

/** For the frame: a cookie that belongs to this frame's site alone. */
export async function signInFramed(code: string): Promise<void> {
  await answerOf(api.POST('/api/v1/session/embedded', { body: { code } }))
}

export interface Known {
  identifier: string | null
  phone: string | null
  email: string | null
}

/** Nulls when there is nobody whom one may see. */
export function locate(known: Known): Promise<Located> {
  return answerOf(api.POST('/api/v1/customers/locate', { body: known }))
}
