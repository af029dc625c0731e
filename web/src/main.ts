/** Starts the UI. */
import '@/styles/tokens.css'
import '@/element'
import '@/styles/element.css'
import '@/styles/base.css'

import { createApp } from 'vue'

import App from '@/App.vue'
import { usePreferences } from '@/composables/usePreferences'
import { i18n } from '@/i18n'
import { router } from '@/router'

usePreferences().apply()
createApp(App).use(i18n).use(router).mount('#app')
