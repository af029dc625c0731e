/** Connections to CRMs as admins see them; what they are stands in config.yaml. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type CrmConnection = Schemas['CrmConnectionView']

export async function fetchCrmConnections(): Promise<CrmConnection[]> {
  return (await answerOf(api.GET('/api/v1/crm/connections'))).items
}
