/** Moving an account: only elsewhere, only after a choice, and refusals are said. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'

import MoveAccount from '@/components/accounts/MoveAccount.vue'
import { useSession } from '@/composables/useSession'
import words from '@/i18n/vi.json'

import { FakeServer, problem } from './fakes'

const MOVE = 'POST /api/v1/accounts/k1/move'
const ME = {
  staff: { id: 's1', name: 'Chủ', initials: 'C', email: 'chu@shop.vn', role: 'admin', receiving: true },
  bots: [
    { id: 'b1', name: 'Bắc' },
    { id: 'b2', name: 'Nam' },
  ],
  csrf_token: 'x',
}

let server: FakeServer

beforeEach(async () => {
  server = new FakeServer().on('GET /api/v1/me', () => ME).install()
  await useSession().check()
})

function row() {
  const i18n = createI18n({ legacy: false, locale: 'vi', messages: { vi: words } })
  const account = { id: 'k1', bot_id: 'b1', name: 'Trang' }
  return mount(MoveAccount, { props: { account }, global: { plugins: [i18n] } })
}

test('offers the other bots and moves only after a choice', async () => {
  server.on(MOVE, () => ({ account: 'k1', bot_id: 'b2', moved: 0 }))
  const shown = row()
  await shown.get('[data-testid="move-open"]').trigger('click')
  expect(shown.findAll('option').map((option) => option.text())).toEqual(['Chọn bot', 'Nam'])
  expect(shown.get('[data-testid="move-sure"]').attributes('disabled')).toBeDefined()

  await shown.get('select').setValue('b2')
  await shown.get('form').trigger('submit')
  await flushPromises()

  expect(server.bodies).toEqual([{ bot_id: 'b2' }])
  expect(shown.emitted('moved')).toEqual([['b2']])
  expect(shown.find('form').exists()).toBe(false)
})

test('says why it was refused and stays open', async () => {
  server.on(MOVE, () => problem(422, 'invalid_input', 'Bot này không tồn tại.'))
  const shown = row()
  await shown.get('[data-testid="move-open"]').trigger('click')
  await shown.get('select').setValue('b2')
  await shown.get('form').trigger('submit')
  await flushPromises()

  expect(shown.get('[role="alert"]').text()).toBe('Bot này không tồn tại.')
  expect(shown.emitted('moved')).toBeUndefined()
})
