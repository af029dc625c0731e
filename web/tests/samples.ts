/** Conversations, messages and frames that tests begin with. */
import type { Attachment, Conversation, Customer, LiveFrame, Message, Tag } from '@/api/types'

export function aConversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c1',
    bot_id: 'b1',
    channel: 'facebook',
    account_id: '101',
    kind: 'inbox',
    customer: { id: 'u1', name: 'Nguyễn Thị Hồng Ánh', avatar_url: null },
    assignee: null,
    last_carer: null,
    participants: [],
    split: 'off',
    tags: [],
    status: 'open',
    unread: 0,
    seq: 1,
    read_seq: 1,
    last: {
      message_id: 'm1',
      text: 'Shop ơi',
      at: '2026-11-22T03:00:00.000Z',
      by: 'customer',
      kind: null,
    },
    waiting_since: null,
    window: null,
    automation: { state: 'active', paused_until: null, reason: null, opted_out_at: null },
    created_at: '2026-11-22T03:00:00.000Z',
    ...changes,
  }
}

/** A last message of this time, for a row's place in the list. */
export function lastAt(at: string, text = 'Shop ơi'): Pick<Conversation, 'last'> {
  return { last: { message_id: `m ${at}`, text, at, by: 'customer', kind: null } }
}

export function aMessage(changes: Partial<Message> = {}): Message {
  return {
    id: 'm1',
    conversation_id: 'c1',
    direction: 'in',
    author: { kind: 'customer', id: 'u1', name: 'Nguyễn Thị Hồng Ánh' },
    text: 'Shop ơi',
    attachments: [],
    at: '2026-11-22T03:00:00.000Z',
    seq: 1,
    status: 'received',
    error: null,
    internal: false,
    reply_to: null,
    payload: null,
    reactions: [],
    edited_at: null,
    removed_at: null,
    hidden: false,
    standby: false,
    client_id: null,
    content: null,
    private: false,
    private_to: null,
    comment: null,
    ...changes,
  }
}

/** A picture that is copied. */
export function anAttachment(changes: Partial<Attachment> = {}): Attachment {
  return {
    kind: 'image',
    name: null,
    size: 300,
    mime: 'image/png',
    url: '/api/v1/media/m1/0?variant=original',
    thumbnail_url: null,
    data: {},
    copy_state: 'copied',
    copy_reason: null,
    ...changes,
  }
}

export function aFrame(changes: Partial<LiveFrame> = {}): LiveFrame {
  return { id: 'f1', type: 'message_received', at: null, conversation_id: 'c1', data: {}, ...changes }
}

export function aCustomer(changes: Partial<Customer> = {}): Customer {
  return {
    id: 'u1',
    name: 'Nguyễn Thị Hồng Ánh',
    phones: [],
    emails: [],
    note: '',
    attributes: {},
    tags: [],
    owner: null,
    followers: [],
    version: 1,
    field_versions: {},
    identities: [],
    merged_from: [],
    origin: null,
    created_at: '2026-11-22T03:00:00.000Z',
    updated_at: '2026-11-22T03:00:00.000Z',
    ...changes,
  }
}

export function aTag(name: string, changes: Partial<Tag> = {}): Tag {
  return { id: `t ${name}`, name, colour: 'blue', retired: false, usage: null, ...changes }
}
