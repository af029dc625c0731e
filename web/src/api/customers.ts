/** Customers and the media of their conversations. */
import { answerOf, api } from '@/api/client'
import type { Customer, MediaItem, MediaKind, Page } from '@/api/types'

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
