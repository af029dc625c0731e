/** One field of the customer while it is edited: saved as a whole, never over somebody else's. */
import { onScopeDispose, ref, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { type CustomerEdit, editCustomer } from '@/api/customers'
import type { Customer } from '@/api/types'
import { useSession } from '@/composables/useSession'

export type FieldState = 'shown' | 'editing' | 'saving' | 'clash'

/** What was being written when its place on the page went: another conversation was opened. */
interface Left {
  draft: unknown
  version: number
}
const left = new Map<string, Left>()
const NO_VERSION = 0

export interface FieldSource<T> {
  /** Tells the fields of a customer apart: "note". */
  name: string
  customer: () => Customer
  /** The value in a customer, and in what a clash says of one. */
  read: (from: Partial<Customer>) => T
  edit: (value: T) => CustomerEdit
  saved: (customer: Customer) => void
  /** Somebody else changed the customer: what is shown is out of date. */
  outdated: () => void
}

export function useCustomerField<T>(source: FieldSource<T>) {
  const { customer, read, edit, saved, outdated } = source
  const place = `${useSession().staff.value?.id ?? ''}:${customer().id}:${source.name}`
  const found = left.get(place)
  left.delete(place)
  const state = ref<FieldState>(found ? 'editing' : 'shown')
  const draft = ref(found ? found.draft : read(customer())) as Ref<T>
  /** What somebody else saved meanwhile. */
  const theirs = ref<T | null>(null) as Ref<T | null>
  const error = ref<ApiError | null>(null)
  let version = found?.version ?? 0
  let gone = false

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
    if (gone) { leave(); return; }
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

  /** Who comes back goes on writing; what clashed clashes again. */
  function leave(): void {
    left.set(place, { draft: draft.value, version: state.value === 'clash' ? NO_VERSION : version })
  }

  onScopeDispose(() => {
    gone = true
    if (state.value === 'editing' || state.value === 'clash') leave()
  })

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
