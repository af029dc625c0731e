/** The hours of everybody in a bot, day by day, and those of one person while they are written. */
import { computed, ref, watch } from 'vue'

import { ApiError } from '@/api/client'
import { changeShift, fetchShift, type SplitConfig } from '@/api/splitting'
import type { ProblemField } from '@/api/types'
import { type Span, type Week, type Weekday, WEEKDAYS } from '@/composables/scriptDraft'
import { daysLater, holidayOf, scheduleOf, weekDates, weekOf } from '@/composables/splitWeek'

const ONE_WEEK = 7 // days

export interface ShiftDay {
  day: Weekday
  date: string
  spans: readonly Span[]
  /** The name of the holiday, which may be empty; null on other days. */
  holiday: string | null
}

export interface ShiftEdit {
  staffId: string
  /** null: the hours of the bot */
  week: Week | null
}

export interface ShiftsSource {
  config: () => SplitConfig
  /** Whose hours are shown. */
  staffIds: () => readonly string[]
  /** "2026-11-22" on the clock of the bot. */
  today: string
  onSaved: () => void
}

export function useSplitShifts({ config, staffIds, today, onSaved }: ShiftsSource) {
  const shifts = ref(new Map<string, Week | null>())
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  /** A day of the week that is shown. */
  const shown = ref(today)
  const editing = ref<ShiftEdit | null>(null)
  const saving = ref(false)
  const refusal = ref<ApiError | null>(null)
  const found = ref<readonly ProblemField[]>([])

  const errors = computed<Record<string, string>>(() =>
    Object.fromEntries(found.value.map(({ field, message }) => [field.replace(/^schedule\.?/u, ''), message])),
  )
  const hours = computed(() => weekOf(config().working_hours))
  const holidays = computed(() => config().holidays.map(holidayOf))
  const dates = computed(() => weekDates(shown.value))

  async function load(): Promise<void> {
    const asked = staffIds().filter((id) => !shifts.value.has(id))
    try {
      const read = await Promise.all(asked.map(fetchShift))
      for (const { staff_id: id, schedule } of read) shifts.value.set(id, schedule && weekOf(schedule))
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      state.value = 'failed'
    }
  }

  function ownWeek(staffId: string): Week | null {
    return shifts.value.get(staffId) ?? null
  }

  /** The week that is shown as it is for somebody: holidays hold for every shift. */
  function daysOf(staffId: string): ShiftDay[] {
    const week = ownWeek(staffId) ?? hours.value
    return WEEKDAYS.map((day) => {
      const date = dates.value[day]
      const holiday = holidays.value.find(({ from, to }) => from <= date && date <= to)
      return { day, date, spans: holiday ? holiday.hours : week[day], holiday: holiday ? holiday.name : null }
    })
  }

  function edit(staffId: string): void {
    editing.value = { staffId, week: copyOf(ownWeek(staffId)) }
    refusal.value = null
    found.value = []
  }

  /** Hours of one's own begin as those of the bot. */
  function setOwn(own: boolean): void {
    if (editing.value) editing.value.week = own ? copyOf(hours.value) : null
  }

  /** Tells whether they are stored now; `errors` and `refusal` say why not. */
  async function save(): Promise<boolean> {
    const draft = editing.value
    if (draft === null || saving.value) return false
    saving.value = true
    refusal.value = null
    found.value = []
    try {
      const { schedule } = await changeShift(draft.staffId, draft.week && scheduleOf(draft.week))
      shifts.value.set(draft.staffId, schedule && weekOf(schedule))
      editing.value = null
      onSaved()
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = error
      found.value = error.fields
      return false
    } finally {
      saving.value = false
    }
  }

  watch(() => staffIds().join(), load, { immediate: true })
  return {
    state,
    dates,
    editing,
    saving,
    refusal,
    errors,
    load,
    ownWeek,
    daysOf,
    edit,
    setOwn,
    close: () => {
      editing.value = null
    },
    save,
    turnWeeks: (by: 1 | -1) => {
      shown.value = daysLater(shown.value, by * ONE_WEEK)
    },
    backToToday: () => {
      shown.value = today
    },
  }
}

function copyOf(week: Week | null): Week | null {
  return week && weekOf({ weekdays: week as unknown as Record<Weekday, Record<string, string>[]> })
}
