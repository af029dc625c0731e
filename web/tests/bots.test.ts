/** Bots and API tokens in the settings: what is sent, and what becomes of two admins at once. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'

import type { BotDetails } from '@/api/bots'
import BotForm from '@/components/bots/BotForm.vue'
import TokenForm from '@/components/bots/TokenForm.vue'
import CopyOnce from '@/components/CopyOnce.vue'
import { changesOf, draftOf, useBotSettings } from '@/composables/useBotSettings'
import { useSession } from '@/composables/useSession'
import { useTokens } from '@/composables/useTokens'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, problem, within } from './fakes'

const global = { plugins: [i18n] }
const PERSON = { initials: 'X', email: 'x@shop.vn', role: 'sale', active: true }
const PEOPLE = ['lan', 'hoa', 'mai'].map((id) => ({ id, name: id, ...PERSON }))
const TOKEN = {
  id: 't1',
  name: 'Báo cáo',
  staff_id: 'lan',
  bot_id: null,
  scopes: ['read'],
  created_at: '2026-11-22T03:00:00Z',
  expires_at: null,
}

function aBot(changes: Partial<BotDetails> = {}): BotDetails {
  const split = { enabled: true, visibility: 'own' as const }
  return { id: 'b1', name: 'Shop', member_ids: ['lan'], accounts: [], crm_sync: false, split, version: 3, ...changes }
}

describe('what of a draft is sent', () => {
  test('is only what differs, and nothing else of the bot', () => {
    const bot = aBot()
    const draft = draftOf(bot)
    expect(changesOf(draft, draftOf(bot), bot)).toEqual({})
    draft.crm_sync = true
    draft.visibility = 'all'
    expect(changesOf(draft, draftOf(bot), bot)).toEqual({
      crm_sync: true,
      split: { enabled: null, visibility: 'all' },
    })
  })

  test('keeps members whom somebody else has added meanwhile', () => {
    const read = draftOf(aBot())
    const draft = { ...read, member_ids: ['hoa'] }
    const now = aBot({ member_ids: ['lan', 'mai'] })
    expect(changesOf(draft, read, now)).toEqual({ member_ids: ['mai', 'hoa'] })
  })
})

test('a clash is told; saving again writes over what is there now', async () => {
  let bot = aBot()
  const versions: (string | null)[] = []
  const server = new FakeServer()
    .on('GET /api/v1/me', () => ({ staff: null, bots: [], scopes: [], csrf_token: 't' }))
    .on('GET /api/v1/bots', () => ({ items: [bot], next_cursor: null }))
    .on('GET /api/v1/staff', () => ({ items: PEOPLE, next_cursor: null }))
    .on('GET /api/v1/crm/connections', () => ({ items: [] }))
    .on('PATCH /api/v1/bots/b1', (request) => {
      versions.push(request.headers.get('If-Match'))
      if (versions.length > 1) return bot
      bot = aBot({ name: 'Shop của họ', version: 4 })
      return problem(412, 'version_clash', 'Người khác vừa sửa.')
    })
    .install()
  const settings = within(() => useBotSettings({ listen: new FakeFeed().listen }))
  await flushPromises()
  const form = mount(BotForm, { props: { bot, settings }, global })

  await form.get('[data-testid="bot-name"]').setValue('Shop mới')
  await form.get('form').trigger('submit')
  await flushPromises()
  expect(form.get('[data-testid="bot-refusal"]').text()).toBe('Người khác vừa sửa.')
  expect(form.emitted('done')).toBeUndefined()
  await form.setProps({ bot: settings.bots.value[0] ?? bot })
  await form.get('form').trigger('submit')
  await flushPromises()

  expect(versions[0]).toBe('3')
  expect(server.bodies).toEqual([{ name: 'Shop mới' }, { name: 'Shop mới' }])
  expect(form.emitted('done')).toHaveLength(1)
})

describe('a token', () => {
  test('of a bot never asks to manage', async () => {
    const me = { staff: null, bots: [{ id: 'b1', name: 'Shop' }], scopes: [], csrf_token: 't' }
    new FakeServer().on('GET /api/v1/me', () => me).install()
    await useSession().check()
    const sent: unknown[] = []
    const form = mount(TokenForm, {
      props: {
        save: (wanted) => {
          sent.push(wanted)
          return Promise.resolve()
        },
      },
      global,
    })

    await form.get('[data-testid="api-token-name"]').setValue(' Báo cáo ')
    await form.get('[data-testid="scope-admin"]').setValue(true)
    await form.get('[data-testid="api-token-days"]').setValue('0')
    await form.get('form').trigger('submit')
    await flushPromises()
    await form.get('[data-testid="api-token-bot"]').setValue('b1')
    await form.get('form').trigger('submit')
    await flushPromises()

    const mine = { name: 'Báo cáo', scopes: ['read', 'admin'], bot_id: null, automation_id: null, expires_in_days: null }
    expect(sent).toEqual([mine, { ...mine, scopes: ['read'], bot_id: 'b1' }])
  })

  test('that was revoked by somebody else meanwhile is gone as asked', async () => {
    const answers = [[TOKEN], []]
    new FakeServer()
      .on('GET /api/v1/tokens', () => ({ items: answers.shift(), next_cursor: null }))
      .on('DELETE /api/v1/tokens/t1', () => problem(404, 'not_found'))
      .install()
    const { tokens, revoke } = within(useTokens)
    await flushPromises()
    expect(tokens.value).toHaveLength(1)

    await revoke('t1')

    expect(tokens.value).toEqual([])
  })

  test('is marked for the keyboard where the browser has no clipboard', async () => {
    const once = mount(CopyOnce, {
      props: { value: 'secret', label: 'Khoá', hint: 'Chép ngay' },
      global,
      attachTo: document.body,
    })
    const real = Object.getOwnPropertyDescriptor(Navigator.prototype, 'clipboard')
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })
    try {
      await once.get('[data-testid="once-copy"]').trigger('click')
      await flushPromises()
    } finally {
      Object.defineProperty(navigator, 'clipboard', real ?? { configurable: true })
    }

    expect(once.get('input').element.selectionEnd).toBe('secret'.length)
    expect(once.get('[role="status"]').text()).toBe('')
    once.unmount()
  })
})
