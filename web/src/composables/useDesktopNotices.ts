/** Notifications of the desktop: off until somebody asks for them, in this browser. */
import { computed, ref } from 'vue'

import mark from '@/assets/mark.svg'
import { browserStorage } from '@/composables/browserStorage'

export type DesktopState = 'unsupported' | 'off' | 'on' | 'denied'

export interface DesktopNotice {
  /** The same for every tab of a browser: it shows one. */
  id: string
  title: string
  body: string
  press: () => void
}

const KEPT = 'notify'

const wanted = ref(browserStorage()?.getItem(KEPT) === 'on')
const permission = ref(permitted())

function permitted(): NotificationPermission | null {
  return 'Notification' in window ? Notification.permission : null
}

const state = computed<DesktopState>(() => {
  if (permission.value === null) return 'unsupported'
  if (permission.value === 'denied') return 'denied'
  return wanted.value && permission.value === 'granted' ? 'on' : 'off'
})

/** On or off, as somebody pressed: a browser asks only then. */
async function toggle(): Promise<void> {
  const on = state.value !== 'on'
  if (on && permission.value !== null) permission.value = await Notification.requestPermission()
  wanted.value = on
  browserStorage()?.setItem(KEPT, on ? 'on' : 'off')
}

function show({ id, title, body, press }: DesktopNotice): void {
  if (state.value !== 'on') return
  try {
    const notice = new Notification(title, { body, tag: id, icon: mark })
    notice.onclick = () => {
      window.focus()
      notice.close()
      press()
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    permission.value = null // phones show none to a page alone
  }
}

export function useDesktopNotices() {
  return { state, toggle, show }
}
