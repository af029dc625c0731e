/** The pages of the settings, and who may open them. */
import type { IconName } from '@/components/icons'
import { useSession } from '@/composables/useSession'

export interface SettingsPage {
  /** The name of the route; its words are `settings.page.<name>`. */
  name:
    | 'accounts'
    | 'bots'
    | 'staff'
    | 'splitting'
    | 'scripts'
    | 'automations'
    | 'tags'
    | 'canned'
    | 'crm'
    | 'tokens'
    | 'audit'
    | 'health'
    | 'me'
  path: string
  icon: IconName
  allowed: () => boolean
}

export const SETTINGS: readonly SettingsPage[] = [
  { name: 'accounts', path: '/settings/accounts', icon: 'plug', allowed: () => useSession().isAdmin.value },
  { name: 'bots', path: '/settings/bots', icon: 'template', allowed: () => useSession().isAdmin.value },
  { name: 'staff', path: '/settings/staff', icon: 'group', allowed: () => useSession().isAdmin.value },
  { name: 'splitting', path: '/settings/splitting', icon: 'split', allowed: () => useSession().isLeader.value },
  { name: 'scripts', path: '/settings/scripts', icon: 'clock', allowed: () => useSession().isLeader.value },
  { name: 'automations', path: '/settings/automations', icon: 'automation', allowed: () => useSession().isAdmin.value },
  { name: 'tags', path: '/settings/tags', icon: 'tag', allowed: () => useSession().isLeader.value },
  { name: 'canned', path: '/settings/canned', icon: 'canned', allowed: () => useSession().isLeader.value },
  { name: 'crm', path: '/settings/crm', icon: 'link', allowed: () => useSession().isAdmin.value },
  { name: 'tokens', path: '/settings/tokens', icon: 'key', allowed: () => useSession().isAdmin.value },
  { name: 'audit', path: '/settings/audit', icon: 'history', allowed: () => useSession().isAdmin.value },
  { name: 'health', path: '/settings/health', icon: 'health', allowed: () => useSession().isAdmin.value },
  { name: 'me', path: '/settings/me', icon: 'person', allowed: () => true },
]

/** Those that the person who is signed in may open. */
export function allowedSettings(): readonly SettingsPage[] {
  return SETTINGS.filter(({ allowed }) => allowed())
}
