/** The settings of splitting while they are written, and what of them differs from what is stored. */
import type { SettingsBody, SplitConfig } from '@/api/splitting'
import type { Week } from '@/composables/scriptDraft'
import { holidayOf, scheduleOf, weekOf } from '@/composables/splitWeek'

export interface SettingsDraft {
  visibility: SplitConfig['visibility']
  replier_becomes_assignee: boolean
  replier_takes_over: boolean
  time_zone: string
  working_hours: Week
  holidays: ReturnType<typeof holidayOf>[]
  auto_away_after_min: number
  alert: SplitConfig['alert']
}

export type SettingName = keyof SettingsDraft

export function settingsDraft(config: SplitConfig): SettingsDraft {
  return {
    visibility: config.visibility,
    replier_becomes_assignee: config.replier_becomes_assignee,
    replier_takes_over: config.replier_takes_over,
    time_zone: config.time_zone,
    working_hours: weekOf(config.working_hours),
    holidays: config.holidays.map(holidayOf),
    auto_away_after_min: config.auto_away_after_min,
    alert: config.alert && { ...config.alert, staff_ids: [...config.alert.staff_ids] },
  }
}

/** Which settings differ between two drafts. */
export function differing(one: SettingsDraft, other: SettingsDraft): SettingName[] {
  return (Object.keys(one) as SettingName[]).filter(
    (name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]),
  )
}

/** Only what is named, as the API takes it. */
export function settingsBody(draft: SettingsDraft, names: readonly SettingName[]): Partial<SettingsBody> {
  const whole = {
    ...draft,
    working_hours: scheduleOf(draft.working_hours),
    holidays: draft.holidays.map((one) => ({ ...one, hours: one.hours.map((span) => ({ ...span })) })),
  }
  return Object.fromEntries(names.map((name) => [name, whole[name]]))
}

/** What was written over `base`, put on what others stored meanwhile; `clashing` both have changed. */
export function rebased(
  written: SettingsDraft,
  base: SettingsDraft,
  stored: SettingsDraft,
): { draft: SettingsDraft; clashing: SettingName[] } {
  const mine = differing(written, base)
  const theirs = new Set(differing(stored, base))
  const kept = Object.fromEntries(mine.map((name) => [name, written[name]]))
  const clashing = mine.filter(
    (name) => theirs.has(name) && JSON.stringify(written[name]) !== JSON.stringify(stored[name]),
  )
  return { draft: { ...stored, ...kept }, clashing }
}
