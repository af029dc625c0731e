// A small shop on Messenger, written for Bottender and for nothing else.
const { payload, router, text } = require('bottender/router')

async function greet(context) {
  const { firstName } = await context.getUserProfile()
  await context.typingOn()
  await context.sendText(`Chào ${firstName}, bạn cần gì ạ?`, {
    quickReplies: [
      { contentType: 'text', title: 'Xem áo', payload: 'CATALOG' },
      { contentType: 'text', title: 'Gặp nhân viên', payload: 'PERSON' },
    ],
  })
}

async function showCatalog(context) {
  await context.sendGenericTemplate([
    {
      title: 'Áo khoác dạ',
      subtitle: '450.000 ₫',
      imageUrl: process.env.PICTURE_URL,
      buttons: [{ type: 'postback', title: 'Mua ngay', payload: 'BUY_1' }],
    },
  ])
}

async function buy(context) {
  await context.sendReceiptTemplate({
    recipientName: 'Lan',
    orderNumber: 'DH-1',
    currency: 'VND',
    paymentMethod: 'COD',
    summary: { totalCost: 450000 },
  })
}

async function callPerson(context) {
  await context.sendText('Dạ, nhân viên sẽ trả lời ngay ạ.')
  await context.passThreadControlToPageInbox('muốn gặp nhân viên')
}

module.exports = async function App() {
  return router([
    payload('CATALOG', showCatalog),
    payload('BUY_1', buy),
    payload('PERSON', callPerson),
    text('*', greet),
  ])
}
