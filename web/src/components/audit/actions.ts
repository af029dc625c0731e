/** What the audit log tells of; each has a sentence `audit.did.<action>`. */
export const ACTIONS = {
  people: [
    'staff_created', 'staff_edited', 'handover_begun', 'receiving_switched', 'shift_changed',
    'password_changed', 'password_reset_link_made', 'password_reset',
  ],
  tokens: ['token_created', 'token_revoked'],
  bots: [
    'bot_created', 'bot_edited', 'bot_deleted',
    'split_settings_changed', 'split_rule_added', 'split_rule_changed', 'split_rule_deleted', 'split_rules_ordered',
  ],
  automations: [
    'automation_created', 'automation_edited', 'automation_deleted', 'automation_secret_added',
    'automation_secret_retired',
  ],
  accounts: [
    'account_connect_started', 'account_connect_granted', 'account_connect_failed', 'account_connected',
    'account_reauthorised', 'account_disconnected', 'account_moved', 'backfill_requested', 'app_removed_by_user',
  ],
  customers: [
    'customer_edited', 'customer_revealed', 'customers_merged', 'customers_unmerged',
    'customer_erasure_requested', 'data_deletion_closed',
  ],
  crm: [
    'crm_record_chosen', 'crm_record_made_again', 'crm_connection_resumed', 'crm_parked_replayed', 'crm_backfill_asked',
  ],
  catalogues: [
    'tag_created', 'tag_edited', 'tag_deleted', 'tags_ordered',
    'attribute_created', 'attribute_edited', 'attribute_deleted', 'attributes_ordered',
    'canned_reply_created', 'canned_reply_edited', 'canned_reply_deleted',
    'script_created', 'script_changed', 'script_cloned', 'script_deleted',
  ],
  comments: ['comment_hidden', 'comment_shown', 'comment_liked', 'comment_unliked', 'comment_removed'],
} as const

/** What they are about, in the order in which they are offered. */
export const GROUPS = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]

export const KNOWN_ACTIONS: ReadonlySet<string> = new Set(Object.values(ACTIONS).flat())
