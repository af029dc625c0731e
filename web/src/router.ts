/** The addresses of the UI, and who may open them. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'

import { ApiError } from '@/api/client'
import { allowedSettings, SETTINGS } from '@/components/settings'
import { useSession } from '@/composables/useSession'
import { POP_UP_PATH } from '@/embedding/popUp'
import SignInPage from '@/pages/SignInPage.vue'

const SETTINGS_PAGES = {
  accounts: () => import('@/pages/AccountsPage.vue'),
  bots: () => import('@/pages/BotsPage.vue'),
  staff: () => import('@/pages/StaffPage.vue'),
  splitting: () => import('@/pages/SplittingPage.vue'),
  automations: () => import('@/pages/AutomationsPage.vue'),
  scripts: () => import('@/pages/ScriptsPage.vue'),
  tags: () => import('@/pages/TagsPage.vue'),
  canned: () => import('@/pages/CannedPage.vue'),
  crm: () => import('@/pages/CrmPage.vue'),
  tokens: () => import('@/pages/TokensPage.vue'),
  audit: () => import('@/pages/AuditPage.vue'),
  health: () => import('@/pages/HealthPage.vue'),
  me: () => import('@/pages/MyAccountPage.vue'),
}

function firstSettings() {
  return { name: allowedSettings()[0]?.name ?? 'inbox' }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: { name: 'inbox' } },
    { path: '/sign-in', name: 'sign-in', component: SignInPage },
    {
      path: '/inbox/:conversationId?',
      name: 'inbox',
      component: () => import('@/pages/InboxPage.vue'),
    },
    {
      path: '/reset-password',
      component: () => import('@/pages/ResetPasswordPage.vue'),
      meta: { open: true },
    },
    {
      path: '/sidebar',
      component: () => import('@/pages/SidebarPage.vue'),
      meta: { open: true },
    },
    { path: POP_UP_PATH, component: () => import('@/pages/FrameSignInPage.vue') },
    { path: '/settings', redirect: firstSettings },
    ...SETTINGS.map(({ name, path, allowed }) => ({
      path,
      name,
      component: SETTINGS_PAGES[name],
      beforeEnter: () => allowed() || { name: 'inbox' },
    })),
    {
      path: '/settings/scripts/:botId/:scriptId',
      name: 'script',
      component: () => import('@/pages/ScriptPage.vue'),
      props: true,
      beforeEnter: () => useSession().isLeader.value || { name: 'inbox' },
    },
    { path: '/:rest(.*)*', redirect: { name: 'inbox' } },
  ],
})

/** Pages with `meta.open` are for those who are not signed in, too. */
router.beforeEach(async (to) => {
  if (to.meta['open'] === true) return true
  const { state, check } = useSession()
  if (state.value === 'unknown') {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error // the sign-in page says what is wrong
    }
  }
  if (state.value === 'signed-in') return to.name === 'sign-in' ? destination(to) : true
  return to.name === 'sign-in' ? true : { name: 'sign-in', query: { next: to.fullPath } }
})

/** Where somebody was going before signing in; only ever a place of this UI. */
export function destination({ query }: RouteLocationNormalized): string {
  const next = query['next']
  return typeof next === 'string' && /^\/(?:inbox|settings|sidebar|frame-sign-in)(?:[/?]|$)/u.test(next) ? next : '/inbox'
}
