/** The pages of the settings, and who may open them. */
import type { IconName } from '@/components/icons'
import { useSession } from '@/composables/useSession'

export interface SettingsPage {
  /** The name of the route; its words are `settings.page.<name>`. */
  name: 'accounts' | 'scripts' | 'automations' | 'tags' | 'canned' | 'me'
  path: string
  icon: IconName
  allowed: () => boolean
}

export const SETTINGS: readonly SettingsPage[] = [
  { name: 'accounts', path: '/settings/accounts', icon: 'plug', allowed: () => useSession().isAdmin.value },
  { name: 'scripts', path: '/settings/scripts', icon: 'clock', allowed: () => useSession().isLeader.value },
  { name: 'automations', path: '/settings/automations', icon: 'automation', allowed: () => useSession().isAdmin.value },
  { name: 'tags', path: '/settings/tags', icon: 'tag', allowed: () => useSession().isLeader.value },
  { name: 'canned', path: '/settings/canned', icon: 'canned', allowed: () => useSession().isLeader.value },
  { name: 'me', path: '/settings/me', icon: 'person', allowed: () => true },
]

/** Those that the person who is signed in may open. */
export function allowedSettings(): readonly SettingsPage[] {
  return SETTINGS.filter(({ allowed }) => allowed())
}
