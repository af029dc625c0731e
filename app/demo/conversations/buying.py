"""Scripts in which somebody buys: prices, sizes, orders, deposits, many pieces at once."""

from app.demo.conversations.story import EVERYWHERE, INBOXES, Answers, Media, Reacts, Story, Writes

PRODUCT = Media("image", "{picture}")
RECEIPT = Media("image", "bien-lai-chuyen-khoan.png")

STORIES = (
    Story(
        "asks_price_and_orders",
        EVERYWHERE,
        (
            Writes("Shop ơi {product} giá bn vậy ạ?"),
            Answers("Dạ {product} bên em đang {price}, sẵn đủ size ạ 😊"),
            Writes("Lấy cho mình 1 cái màu {colour} sz {size} nha"),
            Answers("Dạ mình cho em xin tên, sđt và địa chỉ nhận hàng với ạ"),
            Writes("{full_name}\n{phone}\n{address}"),
            Answers("Em lên đơn {code}, tổng {sum} đã gồm ship. 2-3 ngày mình nhận được ạ ❤️"),
            Writes("Ok shop, gói kỹ giúp mình nha 🥰"),
        ),
    ),
    Story(
        "asks_for_advice_on_size",
        EVERYWHERE,
        (
            Writes("Mình {height} nặng {weight}kg thì mặc sz nào ạ"),
            Writes("mẫu {product} á shop"),
            Answers("Dạ mình mặc size {size} là vừa đẹp ạ, thích rộng thì lấy {other_size}"),
            Writes("Vải có co giãn ko ạ? Sợ chật vai 🥲"),
            Answers("Dạ vải co giãn nhẹ, giặt máy không sao ạ"),
            Writes("oke để mình suy nghĩ r nhắn lại"),
        ),
    ),
    Story(
        "asks_whether_in_stock",
        EVERYWHERE,
        (
            Writes("Sp này còn hàng ko shop", media=(PRODUCT,)),
            Answers("Dạ mẫu này còn màu {colour} size {size} với {other_size} ạ"),
            Writes("Màu {other_colour} hết r hả shop 😭"),
            Answers("Dạ màu {other_colour} cuối tuần em về thêm, em nhắn mình liền nha"),
            Writes("Vậy có hàng báo e với ạ"),
        ),
    ),
    Story(
        "asks_shipping_fee",
        INBOXES,
        (
            Writes("Ship về {address} bao nhiêu tiền vậy shop?"),
            Answers("Dạ phí ship đồng giá 30k, đơn từ 500k em freeship ạ"),
            Writes("Mấy ngày tới ạ, mình cần gấp cuối tuần này"),
            Answers("Dạ em gửi hỏa tốc thì mai mình nhận được, phí 55k ạ"),
            Writes("Vậy gửi hỏa tốc giúp mình luôn nhé. Sđt {phone}"),
        ),
    ),
    Story(
        "orders_everything_in_one_message",
        EVERYWHERE,
        (
            Writes(
                "Cho mình đặt 1 {product} màu {colour} size {size}. Tên {full_name}, "
                "sđt {phone}, giao về {address}. COD nha shop"
            ),
            Answers("Dạ em nhận đơn {code} rồi ạ, cảm ơn mình nhiều 🙏"),
        ),
    ),
    Story(
        "pays_a_deposit",
        INBOXES,
        (
            Writes("Shop cho mình xin stk để cọc với"),
            Answers("Dạ mình cọc 100k qua STK 0000 1111 2222 (Ngân hàng Mẫu), nội dung {code} ạ"),
            Writes("Ck r nha shop check giúp mình", media=(RECEIPT,), label="receipt"),
            Answers("Dạ em nhận được rồi ạ, em giữ hàng cho mình nha ❤️"),
            Reacts("receipt", "love", by_shop=True),
            Writes("oki shop 👌"),
        ),
    ),
    Story(
        "buys_two_pieces",
        EVERYWHERE,
        (
            Writes("Mua 2 cái {product} có đc giảm ko ạ?"),
            Answers("Dạ 2 cái {two}, em freeship và tặng mình túi vải ạ"),
            Writes("Ôi thích thế 😍 lấy 1 {colour} 1 {other_colour} đều sz {size} nha"),
            Writes("địa chỉ cũ nha shop, lần trước mình mua r á"),
            Answers("Dạ em thấy thông tin cũ rồi ạ: {address}, {phone} đúng không mình?"),
            Writes("đúng r ạ"),
        ),
    ),
    Story(
        "asks_wholesale_price",
        INBOXES,
        (
            Writes("Bên mình có bán sỉ ko ạ? Mình có shop ở tỉnh muốn nhập {product}"),
            Answers("Dạ có ạ. Từ 20 cái giá {wholesale}, từ 50 cái em giảm thêm 5%"),
            Writes("Cho mình xin bảng giá sỉ với, gửi qua số {phone} cũng đc"),
            Answers("Dạ em gửi bảng giá ạ", media=(Media("file", "bang-gia-si.pdf"),)),
            Writes("Nhập 30 cái trộn màu trộn size được ko shop?"),
        ),
    ),
    Story(
        "finds_it_expensive",
        EVERYWHERE,
        (
            Writes("{product} {price} hơi cao ha 🥺 shop bớt xíu ko"),
            Answers("Dạ giá bên em là giá chuẩn rồi ạ, em freeship cho mình nha"),
            Writes("Bên kia bán rẻ hơn 50k lận"),
            Answers("Dạ hàng em vải 2 lớp, bảo hành đường may 6 tháng ạ"),
            Writes("thôi chốt 1 cái {colour} {size} đi, mê quá r 😂"),
        ),
    ),
)
