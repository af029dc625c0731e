/** One field of the customer while it is edited: saved as a whole, never over somebody else's. */
import { ref, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { type CustomerEdit, editCustomer } from '@/api/customers'
import type { Customer } from '@/api/types'

export type FieldState = 'shown' | 'editing' | 'saving' | 'clash'

export interface FieldSource<T> {
  customer: () => Customer
  /** The value in a customer, and in what a clash says of one. */
  read: (from: Partial<Customer>) => T
  edit: (value: T) => CustomerEdit
  saved: (customer: Customer) => void
  /** Somebody else changed the customer: what is shown is out of date. */
  outdated: () => void
}

export function useCustomerField<T>({ customer, read, edit, saved, outdated }: FieldSource<T>) {
  const state = ref<FieldState>('shown')
  const draft = ref(read(customer())) as Ref<T>
  /** What somebody else saved meanwhile. */
  const theirs = ref<T | null>(null) as Ref<T | null>
  const error = ref<ApiError | null>(null)
  let version = 0

  function begin(): void {
    draft.value = read(customer())
    version = customer().version
    theirs.value = null
    error.value = null
    state.value = 'editing'
  }

  function cancel(): void {
    state.value = 'shown'
    error.value = null
  }

  async function save(): Promise<void> {
    if (state.value === 'saving') return
    state.value = 'saving'
    error.value = null
    try {
      saved(await editCustomer(customer().id, edit(draft.value), version))
      state.value = 'shown'
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure
      refused(failure)
    }
  }

  function refused(failure: ApiError): void {
    const current = failure.answer['current'] as Partial<Customer> | undefined
    if (failure.status !== 412 || current === undefined) {
      error.value = failure
      state.value = 'editing'
      return
    }
    theirs.value = read(current)
    version = current.version ?? version
    state.value = 'clash'
    outdated()
  }

  /** Leave what somebody else saved. */
  function take(): void {
    state.value = 'shown'
  }

  /** Ours after all; if it has changed once more, that is said again. */
  function overwrite(): Promise<void> {
    return save()
  }

  /** What the server says of one part of the field, such as "phones.0". */
  function problemOf(field: string): string | null {
    return error.value?.fields.find((one) => one.field === field)?.message ?? null
  }

  return { state, draft, theirs, error, begin, cancel, save, take, overwrite, problemOf }
}
