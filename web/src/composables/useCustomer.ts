/** The customer beside the thread, kept current by the live feed. */
import { onScopeDispose, ref } from 'vue'

import { fetchCustomer } from '@/api/customers'
import type { Customer, LiveFrame } from '@/api/types'

export interface CustomerSource {
  customerId: string
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

export function useCustomer({ customerId, listen }: CustomerSource) {
  const customer = ref<Customer | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      customer.value = await fetchCustomer(customerId)
      state.value = 'ready'
    } catch {
      if (customer.value === null) state.value = 'failed'
    }
  }

  const stop = listen((frame) => {
    const changed = frame.type === 'customer_changed' && frame.data.customer_id === customerId
    if (changed || frame.type === 'resync') void load()
  })
  onScopeDispose(stop)
  void load()

  return { customer, state, load }
}
