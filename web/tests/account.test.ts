/** One's own account: the password, its refusals, and where one is signed in. */
import { flushPromises, mount } from '@vue/test-utils'
import { expect, test } from 'vitest'
import { createI18n } from 'vue-i18n'

import { changePassword } from '@/api/account'
import OwnSessions from '@/components/account/OwnSessions.vue'
import PasswordForm from '@/components/account/PasswordForm.vue'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'

import { FakeServer } from './fakes'

const SESSIONS = '/api/v1/me/sessions'

function plugins() {
  const messages = { vi: vietnamese, en: english }
  return { plugins: [createI18n({ legacy: false, locale: 'vi', messages })] }
}

function session(id: string, changes: object = {}) {
  const at = '2026-11-22T03:00:00Z'
  return {
    id,
    device: 'Chrome, Windows',
    address: '203.0.113.7',
    created_at: at,
    used_at: at,
    expires_at: at,
    current: false,
    ...changes,
  }
}

test('a wrong password is said in the words of its field, and nothing is forgotten', async () => {
  const errors = [{ field: 'current', code: 'wrong_password', message: 'Mật khẩu hiện tại không đúng.' }]
  const server = new FakeServer()
    .on('POST /api/v1/me/password', () => Response.json({ errors }, { status: 422 }))
    .install()
  const form = mount(PasswordForm, {
    props: { current: true, label: 'Đổi', submit: changePassword },
    global: plugins(),
  })

  await form.get('input[data-testid="password-current"]').setValue('cũ')
  await form.get('input[data-testid="password-new"]').setValue('mật khẩu mới')
  await form.get('form').trigger('submit')
  await flushPromises()

  expect(form.get('[data-testid="password-refusal"]').text()).toBe('Mật khẩu hiện tại không đúng.')
  expect(server.bodies).toEqual([{ current: 'cũ', new: 'mật khẩu mới' }])
  expect(form.emitted('done')).toBeUndefined()
})

test('a new password leaves no word of either behind', async () => {
  new FakeServer()
    .on('POST /api/v1/me/password', () => new Response(null, { status: 204 }))
    .install()
  const form = mount(PasswordForm, {
    props: { current: true, label: 'Đổi', submit: changePassword },
    global: plugins(),
  })

  await form.get('input[data-testid="password-current"]').setValue('cũ')
  await form.get('input[data-testid="password-new"]').setValue('mật khẩu mới')
  await form.get('form').trigger('submit')
  await flushPromises()

  expect(form.emitted('done')).toHaveLength(1)
  const typed = form.findAll('input').map((one) => one.element.value)
  expect(typed).toEqual(['', ''])
})

test('other devices are signed out one by one, and this one has no button', async () => {
  const left = [session('a', { current: true }), session('b', { device: '' }), session('c')]
  const server = new FakeServer()
    .on(`GET ${SESSIONS}`, () => ({ items: left }))
    .on(`DELETE ${SESSIONS}/b`, () => {
      left.splice(1, 1)
      return new Response(null, { status: 204 })
    })
    .install()
  const list = mount(OwnSessions, { global: plugins() })
  await flushPromises()
  const rows = () => list.findAll('[data-testid="session"]')
  expect(rows()[0]?.find('[data-testid="end-session"]').exists()).toBe(false)
  expect(rows()[1]?.text()).toContain('Thiết bị không rõ')

  await rows()[1]?.get('[data-testid="end-session"]').trigger('click')
  await flushPromises()

  expect(rows()).toHaveLength(2)
  expect(server.asked).toContain(`DELETE ${SESSIONS}/b`)
})
