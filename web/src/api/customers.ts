/** Customers and the media of their conversations. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'
import type {
  ChosenItem,
  Customer,
  Interaction,
  MediaItem,
  MediaKind,
  Page,
  Suggestion,
} from '@/api/types'

export function fetchCustomer(id: string): Promise<Customer> {
  return answerOf(
    api.GET('/api/v1/customers/{customer_id}', { params: { path: { customer_id: id } } }),
  )
}

export function fetchMedia(
  customerId: string,
  { kind, cursor, limit }: { kind: MediaKind; cursor: string | null; limit: number },
): Promise<Page<MediaItem>> {
  const path = { customer_id: customerId }
  const query = { kind, limit, ...(cursor === null ? {} : { cursor }) }
  return answerOf(api.GET('/api/v1/customers/{customer_id}/media', { params: { path, query } }))
}

/** A zip of the chosen items, and how it is to be called. */
export async function fetchArchive(
  customerId: string,
  items: readonly ChosenItem[],
): Promise<{ content: Blob; name: string | null }> {
  let disposition: string | null = null
  const content = await answerOf(
    api
      .POST('/api/v1/customers/{customer_id}/media/archive', {
        params: { path: { customer_id: customerId } },
        body: { items: [...items] },
        parseAs: 'blob',
      })
      .then((answer) => {
        disposition = answer.response.headers.get('Content-Disposition')
        return answer
      }),
  )
  return { content, name: nameIn(disposition) }
}

/** The name in UTF-8 that the server gives a download (RFC 6266). */
function nameIn(disposition: string | null): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/u.exec(disposition ?? '')?.[1]
  return encoded === undefined ? null : decodeURIComponent(encoded)
}

export interface CustomerEdit {
  phones?: string[]
  emails?: string[]
  note?: string
  /** Values by key; null takes one away, what is not sent stays. */
  attributes?: Record<string, unknown>
  followers?: string[]
}

/** Throws ApiError 412 with the current values when one of the fields is newer than `version`. */
export function editCustomer(id: string, edit: CustomerEdit, version: number): Promise<Customer> {
  const params = { path: { customer_id: id }, header: { 'If-Match': version.toString() } }
  // What is not sent stays; the generated type asks for every field that has a default.
  const body = edit as components['schemas']['CustomerEdit']
  return answerOf(api.PATCH('/api/v1/customers/{customer_id}', { params, body }))
}

/** Save what the customer told, or never offer it again. Safe to repeat. */
export function decideSuggestion(
  customerId: string,
  { kind, value }: Pick<Suggestion, 'kind' | 'value'>,
  decision: 'save' | 'decline',
): Promise<Customer> {
  const path = { customer_id: customerId }
  const body = { kind, value, decision }
  return answerOf(
    api.POST('/api/v1/customers/{customer_id}/suggestions', { params: { path }, body }),
  )
}

/** The record of `loserId` goes into that of `survivorId`; the old id leads there. */
export function mergeCustomers(survivorId: string, loserId: string): Promise<Customer> {
  const path = { customer_id: survivorId }
  return answerOf(
    api.POST('/api/v1/customers/{customer_id}/merge', {
      params: { path },
      body: { customer_id: loserId },
    }),
  )
}

/** Answers with the customer that is back. */
export function undoMerge(mergeId: string): Promise<Customer> {
  const path = { merge_id: mergeId }
  return answerOf(api.POST('/api/v1/merges/{merge_id}/undo', { params: { path } }))
}

/** What is masked, in full; that it was read is logged. */
export async function reveal(customerId: string, field: 'phones' | 'emails'): Promise<string[]> {
  const path = { customer_id: customerId }
  const { value } = await answerOf(
    api.POST('/api/v1/customers/{customer_id}/reveal', { params: { path }, body: { field } }),
  )
  return Array.isArray(value) ? value : []
}

export type TimelineKind = components['schemas']['KindView']

/** Every kind of interaction with its words. */
export async function fetchTimelineKinds(): Promise<TimelineKind[]> {
  const { items } = await answerOf(api.GET('/api/v1/timeline/kinds'))
  return items
}

export interface TimelinePlace {
  types: readonly string[]
  cursor: string | null
  limit: number
}

/** What happened with a customer, newest first; no types means all. */
export function fetchTimeline(
  customerId: string,
  { types, cursor, limit }: TimelinePlace,
): Promise<Page<Interaction>> {
  const path = { customer_id: customerId }
  const query = {
    limit,
    ...(types.length === 0 ? {} : { type: [...types] }),
    ...(cursor === null ? {} : { cursor }),
  }
  return answerOf(api.GET('/api/v1/customers/{customer_id}/timeline', { params: { path, query } }))
}
