/** The words of the UI in Vietnamese and English; a word missing in one is a failed test. */
import { createI18n } from 'vue-i18n'

import en from '@/i18n/en.json'
import vi from '@/i18n/vi.json'

export const LANGUAGES = ['vi', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

const FIRST: Language = 'vi'

export const i18n = createI18n({
  legacy: false,
  locale: FIRST,
  fallbackLocale: FIRST,
  messages: { vi, en },
})
