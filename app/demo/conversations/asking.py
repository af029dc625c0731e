"""Scripts in which somebody asks: where, when, how it looks; by voice, by picture, by link."""

from app.demo.conversations.story import (
    EVERYWHERE,
    INBOXES,
    Answers,
    Media,
    Reacts,
    Story,
    Writes,
)

STORIES = (
    Story(
        "makes_an_appointment",
        INBOXES,
        (
            Writes("Chiều nay mình qua shop thử đồ được ko ạ?"),
            Answers("Dạ được ạ, mình ghé khoảng mấy giờ để em chuẩn bị mẫu?"),
            Writes("Tầm 5h30 nha, mình muốn thử {product} sz {size} với {other_size}"),
            Answers("Dạ em giữ lịch 17h30 cho mình ở chi nhánh Q.3 ạ"),
            Writes("Thứ 7 shop mở tới mấy giờ v ạ, lỡ mình kẹt xe"),
        ),
    ),
    Story(
        "asks_the_way_to_the_shop",
        INBOXES,
        (
            Writes("Shop ở đâu vậy ạ, mình đang ở gần đây nè"),
            Writes(media=(Media("location", "Vị trí của tôi", at=(10.77689, 106.70081)),)),
            Answers("Dạ shop ở 88 đường Mẫu, Q.3, từ chỗ mình qua khoảng 5 phút ạ"),
            Writes("có chỗ để xe hơi ko ạ"),
        ),
    ),
    Story(
        "asks_by_voice",
        EVERYWHERE,
        (
            Writes(media=(Media("audio", "ghi-am-4s.wav"),)),
            Writes("mình đang chạy xe nên gửi voice nha, shop nghe giúp 😅"),
            Answers("Dạ em nghe rồi ạ, {product} màu {colour} còn size {size} nha mình"),
            Writes("okie tối về mình chốt"),
        ),
    ),
    Story(
        "wants_real_pictures",
        EVERYWHERE,
        (
            Writes("Cho mình xem ảnh thật {product} đc ko ạ, ảnh trên page mờ quá"),
            Answers(media=(Media("image", "{picture}"), Media("image", "anh-that-2.png"))),
            Writes("Đẹp xỉu 😍😍", label="praise"),
            Reacts("praise", "love", by_shop=True),
            Writes("màu {colour} ở ngoài có đậm như hình ko shop?"),
        ),
    ),
    Story(
        "asks_about_several_pictures",
        EVERYWHERE,
        (
            Writes(
                "Mấy mẫu này còn cái nào ạ",
                media=(
                    Media("image", "mau-1.png"),
                    Media("image", "mau-2.png"),
                    Media("image", "mau-3.png"),
                ),
            ),
            Answers("Dạ mẫu 1 với mẫu 3 còn đủ size, mẫu 2 hết rồi ạ"),
            Writes("mẫu 3 nhiêu v shop"),
        ),
    ),
    Story(
        "quotes_an_answer",
        INBOXES,
        (
            Writes("Chất vải {product} là gì v ạ?"),
            Answers("Dạ vải dù 2 lớp chống nước nhẹ, có lót lưới ạ", label="fabric"),
            Answers("Còn mẫu nỉ thì dày hơn, mặc đi Đà Lạt ấm lắm ạ", label="warm"),
            Writes("Mẫu này giá nhiêu ạ?", quotes="warm", label="which"),
            Answers("Dạ {price} ạ", quotes="which"),
            Writes("ok lấy mẫu này, sz {size} màu {colour} nha", quotes="warm"),
        ),
    ),
    Story(
        "sends_a_link",
        INBOXES,
        (
            Writes(
                "Có mẫu giống vầy ko shop https://annhien.example/ao-khoac",
                media=(Media("link", "Áo khoác thu đông", url="https://annhien.example/ao-khoac"),),
            ),
            Answers("Dạ mẫu gần giống nhất là {product} ạ, giá {price}"),
            Writes("Khác chỗ nào v ạ, mình nhìn y chang 😆"),
        ),
    ),
    Story(
        "only_sends_a_sticker",
        EVERYWHERE,
        (
            Writes(media=(Media("sticker", "sticker-xin-chao.png"),)),
            Answers("Dạ An Nhiên xin chào, mình cần tư vấn mẫu nào ạ?"),
            Writes("tư vấn giúp e áo khoác cho người nhỏ con vs ạ, e {height} {weight}kg"),
        ),
    ),
    Story(
        "writes_at_night",
        EVERYWHERE,
        (
            Writes("shop ơi"),
            Writes("còn thức ko ạ"),
            Writes("{product} màu {colour} sz {size} còn ko, e tính mua tặng ny 🎁"),
            Answers("Dạ còn ạ, em gói quà và viết thiệp miễn phí luôn nha"),
            Writes('Ghi giúp e "Chúc em sinh nhật vui vẻ 🎂" nha, cảm ơn shop nhìu'),
        ),
    ),
)
