"""Scripts under a post, for all to read: prices, answers, hidden phones, second thoughts."""

from app.demo.conversations.story import (
    META,
    AnswersComment,
    Comments,
    Edits,
    Hides,
    Reacts,
    Removes,
    Story,
)

STORIES = (
    Story(
        "comments_asking_the_price",
        META,
        (
            Comments("Giá sao shop ơi"),
            AnswersComment("Dạ {price} nha bạn, shop inbox tư vấn size cho mình ạ 💬"),
            Comments("check ib r nha shop"),
        ),
    ),
    Story(
        "leaves_a_phone_in_a_comment",
        ("facebook",),
        (
            Comments("Lấy 1 cái {colour} sz {size}, gọi mình {phone}", label="order"),
            Hides("order"),
            AnswersComment("Dạ shop ẩn bình luận để bảo mật sđt cho mình, shop gọi liền ạ"),
        ),
    ),
    Story(
        "edits_a_comment",
        ("facebook",),
        (
            Comments("Còn sz {size} ko ạ", label="question"),
            Edits("question", "Còn sz {size} màu {colour} ko ạ?"),
            AnswersComment("Dạ còn ạ, mình để lại tin nhắn nha"),
        ),
    ),
    Story(
        "comments_with_a_photo",
        ("facebook",),
        (
            Comments("Hàng thật đẹp hơn hình nha mng 😍", photo="feedback.png", label="photo"),
            Reacts("photo", "love", by_shop=True),
            AnswersComment("Cảm ơn bạn nhiều ạ ❤️"),
            Comments("shop đóng gói có tâm lắm luôn"),
        ),
    ),
    Story(
        "takes_a_comment_back",
        ("facebook",),
        (
            Comments("Shop rep chậm quá vậy 😒", label="angry"),
            AnswersComment("Dạ shop xin lỗi, hôm nay đông khách quá ạ. Shop inbox mình ngay nha"),
            Removes("angry"),
        ),
    ),
)
