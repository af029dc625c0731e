/** Where a customer is met: their name and their latest conversation, asked once for each. */
import { shallowRef } from 'vue'

import { ApiError } from '@/api/client'
import { fetchLatestOf } from '@/api/conversations'

export interface CustomerPlace {
  name: string | null
  conversationId: string
}

const asked = new Map<string, Promise<CustomerPlace | null>>()

async function ask(customerId: string): Promise<CustomerPlace | null> {
  const found = await fetchLatestOf(customerId)
  return found && { name: found.customer?.name ?? null, conversationId: found.id }
}

/** Null while it is not known, and of who is erased. */
export function useCustomerPlace(customerId: string) {
  const place = shallowRef<CustomerPlace | null>(null)

  async function read(): Promise<void> {
    const answer = asked.get(customerId) ?? ask(customerId)
    asked.set(customerId, answer)
    try {
      place.value = await answer
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      asked.delete(customerId) // whoever asks next tries again
    }
  }

  void read()
  return place
}
