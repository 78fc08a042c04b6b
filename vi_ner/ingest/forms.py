"""What a line of a saved page looks like: a cue of furniture, a caption, a byline, a source line, a title, prose.

All patterns read a line as `fold_line` gives it, so that they hold for segmented and for decomposed text too.
"""

from __future__ import annotations

import unicodedata

import regex

# A heading of links to other articles; what follows on the line may be the first of them.
OPENS_LIST = regex.compile(
    r"(?:[>»•\-*|\s]*)(?:đọc thêm|xem thêm|đọc tiếp|tin liên quan|bài liên quan|(?:các )?bài viết liên quan|liên quan|"
    r"(?:tin |bài |bài viết )?cùng (?:chuyên mục|chủ đề|tác giả)|(?:các )?tin khác|bài khác|(?:tin |bài )?mới nhất|"
    r"tin mới|tin mới hơn|"
    r"(?:tin |bài )?(?:đọc|xem) nhiều(?: nhất)?|(?:tin )?nổi bật|tin nóng|có thể bạn quan tâm|bạn có thể quan tâm|"
    r"có thể bạn muốn (?:đọc|xem)|mời (?:bạn |quý vị )?(?:đọc|xem|xem thêm)|dòng sự kiện|tin tài trợ|"
    r"video (?:nổi bật|mới|liên quan)|tin bài (?:khác|liên quan)|gợi ý cho bạn|dành cho bạn|tin trong nước|tiêu điểm|"
    r"tin (?:ngắn|vắn)(?: trong ngày)?)"
    r"(?=\W*$|\s*[:»>|])"
)
# A line that a site puts there and no article: sharing, following, comments, navigation, the imprint.
CUE = regex.compile(
    r"(?:[>»•\-*|\s]*)(?:theo dõi .{0,60}\b(?:trên|qua|tại|kênh|để nhận)\b|"
    r"theo dõi(?:\W*$| (?:chúng tôi|báo|kênh|trang)\b)|"
    r"chia sẻ(?:\W*$| (?:bài viết|qua|lên|facebook|zalo))|"
    r"(?:gửi |viết |ý kiến )?bình luận(?: hay| mới(?: nhất)?| nổi bật)?\W*\d*\W*$|"
    r"chưa có (?:bình luận|ý kiến)|"
    r"ý kiến (?:bạn|độc giả)|"
    r"đăng (?:nhập|ký|kí)\b.{0,40}$|in bài|in trang|bản in\W*$|gửi (?:email|bài|ý kiến)|sao chép (?:liên kết|link)|"
    r"lưu bài|"
    r"đăng (?:ngày|lúc)\b.{0,60}$|(?:từ khóa|từ khoá|tags?|thẻ|chủ đề)\s*:|"
    r"trang (?:chủ|nhất)\b.{0,60}$|phiên bản (?:di động|mobile|đầy đủ|máy tính)|"
    r"bản quyền|(?:giấy phép|gp)\b.{0,40}\bsố\b|giấy phép (?:hoạt động|xuất bản|thiết lập)|"
    r"(?:phó )?tổng biên tập|cơ quan chủ quản|cơ quan của|(?:tòa|toà) soạn\W|trụ sở\s*:|hotline|đường dây nóng|"
    r"liên hệ(?: quảng cáo| tòa soạn|\W*$| \W)|quảng cáo\W*$|e-?mail\s*:|(?:điện thoại|đt|tel|fax)\s*[.:]|"
    r"(?:chỉ được|không được|cấm|vui lòng|đề nghị).{0,40}(?:phát hành lại|sao chép|ghi rõ nguồn)|©|®|copyright|"
    r"(?:trở (?:lại|về)|lên|về) đầu trang|cỡ chữ|nghe (?:đọc )?bài|tải (?:ứng dụng|app)|nhận (?:tin|bản tin)|"
    r"(?:đọc|xem) (?:tiếp|(?:bài|tin|bản) (?:đầy đủ|gốc|đủ)|toàn (?:văn|bài))|"
    r"xem tất cả|bấm (?:vào đây|để)|thích \d|\d[\d.]* (?:lượt xem|bình luận|thích|chia sẻ)|rss\b|"
    r"bạn nhận được (?:thư|email|bản tin)|(?:ngừng|hủy|huỷ) (?:nhận|đăng ký)|"
    r"(?:trở )?về trang (?!trại|phục|sức|bị|trí).{0,40}[^.…]$|"
    r"facebook\b|twitter\b|zalo\b|youtube\b|google news|tìm kiếm\W*$|quay lại|sự kiện\s*:|menu\W*$)"
)
DATE_LINE = regex.compile(
    r"(?:cập nhật(?: lúc)?\W*|đăng (?:lúc|ngày)\W*|(?:thứ (?:hai|ba|tư|năm|sáu|bảy|[2-7])|chủ nhật)\W+)?"
    r"(?:(?:lúc )?\d{1,2}(?::|h)\d{0,2}\W+)?(?:ngày )?\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?\d{4}\W*"
    r"(?:\d{1,2}(?::|h)\d{0,2}\W*(?:\(?gmt.*)?)?"
)
CAPTION = regex.compile(
    r".{4,}(?:[.(\s])(?:ảnh|đồ họa|đồ hoạ|hình|tranh|video|clip|infographic|"
    r"ảnh minh (?:họa|hoạ))\s*:\s*[^.]{1,60}\W{0,3}|"
    r".{4,}\((?:ảnh|hình|đồ họa|nguồn|nguồn ảnh)\b\s*:?\s*[^)]{1,60}\)\W{0,3}|"
    r"(?:ảnh|hình|đồ họa)\s*:\s*[^.]{1,50}|.{4,}[(.\s]ảnh minh (?:họa|hoạ)\W{0,3}"
)
SOURCE = regex.compile(r"[(\[]?\s*(?:theo|nguồn)\b(?! dõi)\s*:?\s*(?P<who>[^.()]{2,60}?)\s*[)\]]?")
BYLINE_START = regex.compile(
    r"(?:bài,? ?(?:và )?ảnh|ảnh,? bài|tác giả|thực hiện|nhóm (?:pv|phóng viên)|pv\b|phóng viên|bài|"
    r"người viết)\s*:?\s*(?=\S)"
)
_BLANKS, _BLANKS_AT_PUNCTUATION = regex.compile(r"\s+"), regex.compile(r"(?<=[(“]) | (?=[,.;:!?)…”])")
_BYLINE_END = regex.compile(r"\s*\((?:theo|tổng hợp|ghi|lược dịch)[^)]*\)$", regex.IGNORECASE)
_NAME = regex.compile(r"(?:\p{Lu}[\p{L}\p{M}'’.]*|\p{Lu}\.)(?:\s*[-–,&/]\s*|\s+và\s+|\s+)?")
# What an aggregator writes under a title: `Báo Làng · 5 giờ trước`, `Nguồn: …`.
_BELOW_TITLE = regex.compile(r"·|^nguồn\s*:|\d (?:phút|giờ|ngày|tuần|tháng) trước\W*$", regex.IGNORECASE)
_HEADING = regex.compile(r"\p{Lu}[\p{Ll}\p{M}\s]+")
_TITLE_START = regex.compile(r"[\p{Lu}\d\"“‘'(\[#]")
_PROSE_END = regex.compile(r"[.!?…][\"”’')\]]*$|[\"”’]$")


def fold_line(line: str) -> str:
    """The line with blanks instead of joints, composed, and without blanks before punctuation; case is kept."""
    line = unicodedata.normalize("NFC", line).replace("_", " ")
    line = _BLANKS.sub(" ", line).strip(" \ufeff\u200b")
    return _BLANKS_AT_PUNCTUATION.sub("", line)


def is_cue(folded: str) -> bool:
    """Whether the line is one that sites put beside their articles, whatever stands around it."""
    low = folded.casefold()
    short = len(low.split()) <= 30
    return bool(short and (CUE.match(low) or OPENS_LIST.match(low) or DATE_LINE.fullmatch(low)))


def opens_list(folded: str) -> bool:
    """Whether the line stands over links to other articles."""
    return len(folded.split()) <= 30 and OPENS_LIST.match(folded.casefold()) is not None


def is_caption(folded: str) -> bool:
    """Whether the line ends as captions do: with who took or drew the picture."""
    return len(folded.split()) <= 80 and CAPTION.fullmatch(folded.casefold()) is not None and not is_byline(folded)


def is_source(folded: str) -> bool:
    """Whether the line says from whom the story was taken over: `(Theo Reuters)`."""
    match = SOURCE.fullmatch(folded.casefold())
    if not match or len(match["who"].split()) > 8:
        return False
    who = folded[match.start("who") :]
    return folded.startswith(("(", "[")) or sum(word[:1].isupper() for word in who.split()) >= len(who.split()) / 2


def is_byline(folded: str) -> bool:
    """Whether the line is one or a few names and nothing else, perhaps with `(theo …)` behind."""
    bare = _BYLINE_END.sub("", folded)
    start = BYLINE_START.match(bare.casefold())
    if start and ":" in start[0]:
        return len(bare.split()) <= 12
    words = bare.split()
    return 1 < len(words) <= 8 and len(bare) < 50 and _fullmatch_names(bare[start.end() :] if start else bare)


def _fullmatch_names(text: str) -> bool:
    position = 0
    while position < len(text):
        match = _NAME.match(text, position)
        if not match:
            return False
        position = match.end()
    return True


def is_title(folded: str) -> bool:
    """Whether the line could be a headline: some words, a capital first, no full stop."""
    return (
        3 <= len(folded.split()) <= 32
        and bool(_TITLE_START.match(folded))
        and not folded.endswith((".", ":", ";", ","))
        and not _BELOW_TITLE.search(folded)
    )


def is_heading(folded: str) -> bool:
    """Whether the line is a few words without marks and, but for the first letter, without capitals."""
    return 2 <= len(folded.split()) <= 6 and _HEADING.fullmatch(folded) is not None


def is_prose(folded: str) -> bool:
    """Whether the line is running text: sentences that end."""
    words = len(folded.split())
    return words >= 40 or (words >= 9 and _PROSE_END.search(folded) is not None and not is_teaser(folded))


def is_teaser(folded: str) -> bool:
    """Whether the line breaks off, as the first words of another article in a list do."""
    return 6 <= len(folded.split()) <= 60 and folded.endswith(("...", "…"))
