/** The names of the staff by id, read once for the page. */
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchStaff } from '@/api/staff'

const names = ref<ReadonlyMap<string, string>>(new Map())
let reading: Promise<void> | null = null

async function read(): Promise<void> {
  try {
    names.value = new Map((await fetchStaff()).map(({ id, name }) => [id, name]))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    reading = null // whoever asks next tries again; until then nobody is named
  }
}

export function useStaffNames() {
  reading ??= read()

  function nameOf(id: string | null): string | null {
    return id === null ? null : (names.value.get(id) ?? null)
  }

  /** Somebody was hired since: read them anew. */
  function refresh(): Promise<void> {
    reading = read()
    return reading
  }

  return { nameOf, refresh }
}
