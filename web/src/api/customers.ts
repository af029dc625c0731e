/** Customers and the media of their conversations. */
import { answerOf, api } from '@/api/client'
import type { ChosenItem, Customer, MediaItem, MediaKind, Page } from '@/api/types'

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
