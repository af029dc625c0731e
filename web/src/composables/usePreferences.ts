/** What a person chose for this browser: language and light or dark. */
import { readonly, ref } from 'vue'

import { setRequestLanguage } from '@/api/client'
import { browserStorage } from '@/composables/browserStorage'
import { i18n, type Language, LANGUAGES } from '@/i18n'

export type Theme = 'system' | 'light' | 'dark'

const THEMES: readonly [Theme, ...Theme[]] = ['system', 'light', 'dark']

const theme = ref<Theme>(kept('theme', THEMES))
const language = ref<Language>(kept('language', LANGUAGES))

function setTheme(chosen: Theme): void {
  theme.value = chosen
  keep('theme', chosen)
  apply()
}

function setLanguage(chosen: Language): void {
  language.value = chosen
  keep('language', chosen)
  apply()
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.value
  document.documentElement.lang = language.value
  i18n.global.locale.value = language.value
  setRequestLanguage(language.value)
}

/** The first choice stands for "nothing chosen yet". */
function kept<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
  const value = browserStorage()?.getItem(name)
  return choices.find((choice) => choice === value) ?? choices[0]
}

function keep(name: string, value: string): void {
  browserStorage()?.setItem(name, value)
}

export function usePreferences() {
  return {
    theme: readonly(theme),
    language: readonly(language),
    themes: THEMES,
    setTheme,
    setLanguage,
    apply,
  }
}
