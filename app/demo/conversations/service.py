"""Scripts after a sale: complaints, exchanges, late parcels, invoices, thanks."""

from app.demo.conversations.story import EVERYWHERE, INBOXES, Answers, Media, Reacts, Story, Writes

STORIES = (
    Story(
        "complains_about_a_fault",
        EVERYWHERE,
        (
            Writes("Shop ơi áo mới nhận mà bị bung chỉ rồi nè 😡"),
            Writes(media=(Media("image", "bung-chi.png"), Media("video", "quay-duong-may.mp4"))),
            Writes("Mua {price} chứ có rẻ đâu mà làm ăn vậy"),
            Answers("Dạ em xin lỗi mình nhiều ạ 🙏 em đổi cái mới, ship 2 chiều em chịu"),
            Writes("Vậy khi nào shop qua lấy? Mình ở {address}"),
            Answers("Dạ mai shipper qua đổi tận nhà, mã đổi {code} ạ"),
            Writes("Ừ, kiểm kỹ giùm mình nha shop"),
        ),
    ),
    Story(
        "wants_to_exchange_the_size",
        EVERYWHERE,
        (
            Writes("Mình mặc sz {size} hơi chật, đổi qua {other_size} đc ko ạ?"),
            Answers("Dạ được ạ, áo còn tem mác không mình?"),
            Writes("Còn nguyên ạ, mới thử 1 lần thôi", media=(Media("image", "con-tem.png"),)),
            Answers("Dạ mình gửi về shop, em gửi lại size {other_size} nha. Phí đổi 30k ạ"),
            Writes("sđt mình {phone} nha, gửi về địa chỉ cũ"),
        ),
    ),
    Story(
        "got_the_wrong_colour",
        INBOXES,
        (
            Writes("Đặt màu {colour} mà giao màu {other_colour} là sao shop 😤"),
            Writes("đơn {code} nha", media=(Media("image", "giao-nham-mau.png"),)),
            Answers("Dạ em xin lỗi, kho đóng nhầm ạ. Em gửi đúng màu ngay hôm nay nha"),
            Writes("nhanh giúp mình, thứ 7 mình mặc đi đám cưới r"),
        ),
    ),
    Story(
        "asks_where_the_parcel_is",
        EVERYWHERE,
        (
            Writes("Đơn {code} của mình đi tới đâu rồi ạ? 4 ngày r chưa thấy"),
            Answers("Dạ đơn đang ở kho Thủ Đức, mai giao ạ"),
            Writes("Hôm qua shop cũng nói mai giao 🙄"),
            Answers("Dạ em gọi bưu tá rồi, trước 12h trưa mai mình nhận được ạ"),
            Writes("ok tin shop lần nữa"),
        ),
    ),
    Story(
        "cancels_an_order",
        INBOXES,
        (
            Writes("Shop ơi cho mình hủy đơn {code} đc ko ạ, mình đặt nhầm 😥"),
            Answers("Dạ đơn chưa gửi nên em hủy được ạ. Mình có muốn đổi mẫu khác không?"),
            Writes("Dạ ko ạ, để lương về mình đặt lại nha 😂"),
            Answers("Dạ em hủy rồi ạ, hẹn gặp lại mình ❤️"),
        ),
    ),
    Story(
        "needs_an_invoice",
        INBOXES,
        (
            Writes("Shop xuất hóa đơn công ty giúp mình nha, thông tin trong file"),
            Writes(media=(Media("file", "thong-tin-xuat-hoa-don.pdf"),)),
            Answers("Dạ em nhận được rồi ạ, chiều em gửi hóa đơn cho mình"),
            Answers(media=(Media("file", "hoa-don-{code}.pdf"),)),
            Writes("Nhận đc r, cảm ơn shop 👍"),
        ),
    ),
    Story(
        "says_thank_you",
        EVERYWHERE,
        (
            Answers("Chào {name}, mình nhận được áo chưa ạ? Mặc vừa không mình?", label="care"),
            Writes("Nhận r nha shop, đẹp lắm ạ 🥰🥰"),
            Reacts("care", "love"),
            Writes("Cho shop 5 sao, lần sau ủng hộ tiếp", media=(Media("image", "feedback.png"),)),
            Answers("Em cảm ơn {name} nhiều ạ 🙏❤️"),
            Writes(media=(Media("sticker", "sticker-cam-on.png"),)),
        ),
    ),
    Story(
        "changes_the_delivery_time",
        INBOXES,
        (
            Writes("Mai mình ko có nhà, dời giao qua thứ 2 đc ko ạ"),
            Answers("Dạ được ạ, em báo bưu tá giao thứ 2 giờ hành chính nha", label="monday"),
            Reacts("monday", "like"),
            Writes("À gọi số này nha {phone}, số kia mình hết pin suốt 😅"),
        ),
    ),
    Story(
        "asks_for_a_refund",
        EVERYWHERE,
        (
            Writes("Trả hàng r mà sao chưa thấy hoàn tiền vậy shop?"),
            Answers("Dạ mình cho em xin mã đơn để em kiểm tra ạ"),
            Writes("{code}, gửi trả từ tuần trước r"),
            Writes("làm ơn ktra giúp e với ạ 😢"),
        ),
    ),
)
