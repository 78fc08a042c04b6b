"""The words of the page for the names that stand in report.json, in Vietnamese and English."""

from __future__ import annotations

from markupsafe import Markup

from ..page import both

WORDS: dict[str, tuple[str, str]] = {
    # ways of matching
    "strict": ("Chặt: đúng biên và nhãn", "Strict: borders and label"),
    "partial": ("Từng phần: có chồng lấn", "Partial: any overlap"),
    "borders": ("Chỉ biên, bỏ qua nhãn", "Borders only"),
    "label": ("Chỉ nhãn, có chồng lấn", "Label only"),
    # kinds of errors
    "correct": ("Đúng", "Correct"),
    "missed": ("Bỏ sót", "Missed"),
    "spurious": ("Thừa", "Spurious"),
    "too long": ("Biên quá dài", "Too long"),
    "too short": ("Biên quá ngắn", "Too short"),
    "shifted": ("Biên lệch", "Shifted"),
    "wrong label": ("Sai nhãn", "Wrong label"),
    "border and label": ("Sai biên và nhãn", "Border and label"),
    # dimensions
    "seen in training": ("Đã gặp khi huấn luyện", "Seen in training"),
    "span length": ("Độ dài thực thể (âm tiết)", "Span length (syllables)"),
    "sentence length": ("Độ dài câu (token)", "Sentence length (tokens)"),
    "position": ("Vị trí trong bài", "Position in the document"),
    "spelling": ("Chính tả của tên", "Spelling of the name"),
    "date form": ("Dạng của ngày tháng", "Form of the date"),
    "genre": ("Thể loại", "Genre"),
    "topic": ("Chủ đề", "Topic"),
    "source": ("Nguồn", "Source"),
    "form": ("Dạng văn bản trong ngữ liệu", "Form of the text in the corpus"),
    "made form": ("Cùng những bài này ở dạng khác", "The same documents in other forms"),
    # values
    "seen": ("đã gặp với nhãn này", "seen with this label"),
    "seen with another label": ("đã gặp với nhãn khác", "seen with another label"),
    "new": ("chưa gặp", "new"),
    "headline": ("tiêu đề", "headline"),
    "first third": ("một phần ba đầu", "first third"),
    "second third": ("một phần ba giữa", "second third"),
    "last third": ("một phần ba cuối", "last third"),
    "Vietnamese": ("viết theo âm tiết Việt", "Vietnamese syllables"),
    "foreign": ("có phần viết kiểu nước ngoài", "partly foreign"),
    "abbreviation": ("có chữ viết tắt", "with an abbreviation"),
    "no letters": ("không có chữ cái", "no letters"),
    "holiday or lunar": ("lễ tết, âm lịch", "holiday or lunar"),
    "century or decade": ("thế kỷ, thập niên", "century or decade"),
    "quarter or season": ("quý, mùa", "quarter or season"),
    "weekday": ("thứ trong tuần", "weekday"),
    "relative": ("tương đối (hôm qua, năm ngoái)", "relative (yesterday, last year)"),
    "range": ("khoảng (2014-2019)", "range (2014-2019)"),
    "day in words": ("ngày viết bằng chữ", "day in words"),
    "day in numbers": ("ngày bằng số (12/9)", "day in numbers (12/9)"),
    "month": ("tháng", "month"),
    "year": ("năm", "year"),
    "other": ("dạng khác", "other"),
    "as it came": ("như bản gốc", "as it came"),
    "joined": ("tách từ, nối bằng gạch dưới", "segmented (underscores)"),
    "spaced": ("dấu câu cách rời", "blanks around punctuation"),
    "nfd": ("Unicode tổ hợp (NFD)", "decomposed letters (NFD)"),
    "caps": ("TOÀN CHỮ HOA", "ALL CAPITALS"),
    "plain": ("không dấu", "no diacritics"),
    # edges and changes
    "first": ("đầu", "start"),
    "last": ("cuối", "end"),
    "added": ("mô hình lấy thừa", "prediction adds"),
    "dropped": ("mô hình bỏ mất", "prediction drops"),
    # sides
    "train": ("huấn luyện", "training"),
    "test": ("kiểm tra", "under test"),
    "micro avg": ("mọi nhãn", "all labels"),
    "macro avg": ("trung bình nhãn", "mean of labels"),
}


def word(name: str) -> Markup:
    """The words for a name, or the name itself (a topic, a label) where there are none."""
    return both(*WORDS.get(name, (name, name))) if name in WORDS else Markup("<bdi>{}</bdi>").format(name)
