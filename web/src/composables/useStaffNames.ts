/** The names of the staff by id. */
import { computed } from 'vue'

import { fetchStaff } from '@/api/staff'
import { onceRead } from '@/composables/onceRead'

const everybody = onceRead(fetchStaff)

/** After somebody came, left or was renamed. */
export const renewStaffNames = everybody.again

export function useStaffNames() {
  const people = everybody()
  const names = computed(() => new Map(people.value.map(({ id, name }) => [id, name])))

  return {
    people,
    nameOf: (id: string | null) => (id === null ? null : (names.value.get(id) ?? null)),
  }
}
