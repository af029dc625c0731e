"""Scripts of what only some channels have: buttons, ads, forms, follows, edits, unsent messages."""

from app.demo.conversations.story import (
    META,
    Answers,
    Arrives,
    Edits,
    FillsForm,
    Follows,
    Media,
    OpensChat,
    Presses,
    Reacts,
    Removes,
    Story,
    Writes,
)

STORIES = (
    Story(
        "presses_get_started",
        ("facebook",),
        (
            Presses("Bắt đầu", "GET_STARTED", ref="qr_cua_hang_q3"),
            Answers("Chào mừng bạn đến với An Nhiên! Bạn cần hỗ trợ gì ạ? 🧥", by="automation"),
            Presses("Xem mẫu mới", "MENU:NEW"),
            Answers("Mẫu mới tuần này nè bạn ơi", media=(Media("image", "{picture}"),)),
            Writes("{product} có màu {colour} ko ạ"),
        ),
    ),
    Story(
        "comes_from_an_ad",
        ("facebook",),
        (
            Writes("Tôi muốn biết thêm thông tin", ad="Áo khoác thu đông -30%"),
            Answers("Chào bạn, An Nhiên sẽ trả lời trong ít phút ạ 💬", by="automation"),
            Answers("Dạ {product} đang giảm còn {price} tới hết tuần này ạ"),
            Writes("Có freeship ko shop? Mình ở {address}"),
            Answers("Dạ đơn đầu tiên em freeship cho mình luôn ạ"),
            Writes("Vậy chốt 1 cái {size}, sđt {phone}"),
        ),
    ),
    Story(
        "comes_back_through_a_link",
        ("facebook",),
        (
            Arrives("bai-viet-ao-khoac"),
            Writes("Mình xem bài viết áo khoác á, còn mẫu {colour} ko ạ?"),
            Answers("Dạ còn ạ, mình lấy size nào?"),
            Writes("{size} nha", quick_reply="SIZE:{size}"),
        ),
    ),
    Story(
        "edits_the_address",
        META,
        (
            Writes("Giao về 51 {address} giúp mình, sđt {phone}", label="address"),
            Edits("address", "Giao về {address} giúp mình, sđt {phone}"),
            Writes("mình vừa sửa lại địa chỉ nha shop, ghi nhầm số nhà 😅"),
            Answers("Dạ em cập nhật rồi ạ"),
        ),
    ),
    Story(
        "fills_in_the_order_form",
        ("facebook",),
        (
            Writes("Mình muốn đặt {product} thì điền ở đâu ạ?"),
            Answers("Dạ mình điền giúp em mẫu thông tin giao hàng này nha"),
            FillsForm(),
            Writes("Điền xong r nha shop, màu {colour} size {size}"),
        ),
    ),
    Story(
        "unsends_a_message",
        ("instagram",),
        (
            Writes("shop có ship sg ko"),
            Writes("gửi nhầm ảnh r 🙈", label="oops", media=(Media("image", "nham.png"),)),
            Removes("oops"),
            Writes("sorry shop, cho hỏi {product} sz {size} còn hông"),
            Answers("Dạ còn nha bạn ơi, giá {price} ạ", label="price"),
            Reacts("price", "like"),
            Reacts("price", None),
            Writes("đắt thế 🥹 để mình coi thêm"),
        ),
    ),
    Story(
        "follows_the_oa",
        ("zalo",),
        (
            Follows(),
            Answers("Cảm ơn bạn đã quan tâm Áo Khoác An Nhiên 💚", by="automation"),
            Writes("Quan tâm oa có đc mã giảm giá ko ạ?", label="voucher"),
            Answers("Dạ có mã ANNHIEN10 giảm 10% đơn đầu ạ"),
            Reacts("voucher", "like", by_shop=True),
            Writes("Áp vào {product} luôn giúp e nha, sz {size}"),
        ),
    ),
    Story(
        "unfollows_the_oa",
        ("zalo",),
        (
            Writes("Ngày nào cũng gửi quảng cáo phiền quá ạ"),
            Answers("Dạ em xin lỗi ạ, em tắt tin khuyến mãi cho mình nha"),
            Follows(following=False),
        ),
    ),
    Story(
        "submits_the_info_form",
        ("zalo",),
        (
            OpensChat(),
            Writes("Mình muốn đặt {product} màu {colour}"),
            Answers("Dạ mình bấm chia sẻ thông tin để em lên đơn nhanh ạ"),
            FillsForm(),
            Answers("Em nhận được thông tin rồi, đơn {code} nha mình ❤️", label="done"),
            Reacts("done", "love"),
        ),
    ),
    Story(
        "sends_a_business_card",
        ("zalo",),
        (
            Writes("Đơn này giao cho chị mình nha shop, số đây ạ"),
            Writes("Chị Hạnh", media=(Media("contact", "danh-thiep.png", phone="84900000199"),)),
            Answers("Dạ em gọi chị Hạnh trước khi giao ạ"),
            Writes("Dạ cảm ơn, giao giờ trưa giúp e"),
        ),
    ),
)
