"""The style sheet, made from a theme's tokens. Sizes sit on a grid of 4 px; fonts are set on widgets, not here."""

from app.tokens import Tokens


def style_sheet(t: Tokens) -> str:
    """One style sheet for the whole application.

    Widgets choose among variants by dynamic properties: `kind` on buttons and tab bars, `tone` on frames and
    labels. The focus ring is a border of 2 px in the accent, taken out of the padding so that nothing moves.
    """
    return f"""
QToolTip {{ background: {t.card}; color: {t.text}; border: 1px solid {t.outline}; padding: 4px 6px; }}

QMainWindow, QDialog {{ background: {t.panel}; }}
QFrame[tone="panel"], QWidget[tone="panel"] {{ background: {t.panel}; }}
QFrame[tone="background"], QWidget[tone="background"] {{ background: {t.background}; }}
QFrame[tone="card"] {{ background: {t.card}; border: 1px solid {t.line}; border-radius: 8px; }}
QFrame[tone="line"] {{ background: {t.line}; border: 0; }}

QLabel {{ background: transparent; color: {t.text}; }}
QLabel:disabled {{ color: {t.disabled}; }}
QLabel[tone="muted"] {{ color: {t.muted}; }}
QLabel[tone="danger"] {{ color: {t.danger}; }}
QLabel[tone="good"] {{ color: {t.good}; }}
QLabel[tone="warning"] {{ color: {t.warning}; }}
QLabel[tone="accent"] {{ color: {t.accent}; }}

QLineEdit, QAbstractSpinBox {{
    background: {t.background}; color: {t.text}; border: 1px solid {t.outline}; border-radius: 6px;
    padding: 3px 7px; min-height: 20px;
    selection-background-color: {t.accent}; selection-color: {t.on_accent};
}}
QLineEdit:focus, QAbstractSpinBox:focus {{ border: 2px solid {t.accent}; padding: 2px 6px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled {{ color: {t.disabled}; border-color: {t.line}; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{
    border: 0; padding: 0; background: transparent; min-height: 0;
}}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: 0; }}

QPushButton {{
    background: {t.card}; color: {t.text}; border: 1px solid {t.outline}; border-radius: 6px;
    padding: 4px 13px; min-height: 20px;
}}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:pressed {{ background: {t.line}; }}
QPushButton:checked {{ background: {t.selection}; color: {t.accent_text}; border-color: {t.accent}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: 3px 12px; }}
QPushButton:disabled {{ color: {t.disabled}; border-color: {t.line}; }}
QPushButton[kind="primary"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
QPushButton[kind="primary"]:hover {{ background: {t.accent_hover}; border-color: {t.accent_hover}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {t.text}; }}
QPushButton[kind="primary"]:disabled {{
    background: {t.line}; color: {t.disabled}; border-color: {t.line};
}}
QPushButton[kind="link"] {{
    background: transparent; color: {t.accent_text}; border: 2px solid transparent; padding: 3px 6px;
}}
QPushButton[kind="link"]:hover {{ background: {t.hover}; }}
QPushButton[kind="link"]:focus {{ border: 2px solid {t.accent}; }}

QToolButton {{
    background: transparent; color: {t.text}; border: 2px solid transparent; border-radius: 6px; padding: 4px;
}}
QToolButton:hover {{ background: {t.hover}; }}
QToolButton:pressed {{ background: {t.line}; }}
QToolButton:checked {{ background: {t.selection}; color: {t.accent_text}; }}
QToolButton:focus {{ border: 2px solid {t.accent}; }}
QToolButton:disabled {{ color: {t.disabled}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}

QTabBar {{ background: transparent; border: 0; qproperty-drawBase: 0; }}
QTabBar::tab {{
    background: transparent; color: {t.muted}; border: 2px solid transparent; border-radius: 6px;
}}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::scroller {{ width: 44px; }}
QTabBar QToolButton {{ background: {t.panel}; border: 0; border-radius: 0; padding: 0; }}
QTabBar QToolButton:hover {{ background: {t.hover}; }}
QTabBar::tab:disabled {{ color: {t.disabled}; }}
QTabBar[kind="workspace"]::tab {{ padding: 4px 10px; margin-right: 4px; min-height: 17px; }}
QTabBar[kind="workspace"]::tab:selected {{ background: {t.selection}; color: {t.accent_text}; }}
QTabBar[kind="plain"]::tab {{ padding: 2px 4px; margin-right: 4px; min-height: 17px; }}
QTabBar[kind="plain"]::tab:selected {{ color: {t.text}; }}
QTabBar::tab:disabled {{ color: {t.disabled}; }}
QTabBar[kind="workspace"]::tab:selected:disabled {{ background: {t.hover}; color: {t.disabled}; }}
QTabBar::tab:focus:selected {{ border: 2px solid {t.accent}; }}

QComboBox {{
    background: {t.background}; color: {t.text}; border: 1px solid {t.outline}; border-radius: 6px;
    padding: 3px 4px 3px 7px; min-height: 20px;
}}
QComboBox:hover {{ background: {t.hover}; }}
QComboBox:focus {{ border: 2px solid {t.accent}; padding: 2px 3px 2px 6px; }}
QComboBox:disabled {{ color: {t.disabled}; border-color: {t.line}; }}
QComboBox::drop-down {{ border: 0; width: 24px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; }}
QComboBox {{ combobox-popup: 0; }}
QComboBoxPrivateContainer {{ background: {t.card}; }}
QComboBox QAbstractItemView {{
    background: {t.card}; color: {t.text}; border: 1px solid {t.outline}; outline: 0; padding: 4px;
}}
QComboBox QAbstractItemView::item {{ min-height: 24px; padding: 0 8px; border-radius: 4px; }}
QComboBox QAbstractItemView::item:selected {{ background: {t.selection}; color: {t.text}; }}

QCheckBox {{ color: {t.text}; background: transparent; spacing: 8px; min-height: 24px; }}
QCheckBox::indicator {{
    width: 14px; height: 14px; border: 1px solid {t.outline}; border-radius: 4px; background: {t.background};
}}
QCheckBox::indicator:hover {{ background: {t.hover}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; }}
QCheckBox::indicator:focus {{ border: 2px solid {t.accent}; width: 12px; height: 12px; }}
QCheckBox:disabled {{ color: {t.disabled}; }}

QMenu {{ background: {t.card}; color: {t.text}; border: 1px solid {t.outline}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; background: transparent; }}
QMenu::item:selected {{ background: {t.selection}; color: {t.text}; }}
QMenu::item:disabled {{ color: {t.disabled}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QMenu::icon {{ padding-left: 8px; }}

QAbstractScrollArea {{ background: transparent; border: 0; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.disabled}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 24px; }}
QScrollBar::handle:horizontal {{ min-width: 24px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QDialogButtonBox, QMessageBox {{ dialogbuttonbox-buttons-have-icons: 0; }}

QProgressBar {{
    background: {t.line}; border: 0; border-radius: 3px; min-height: 6px; max-height: 6px; text-align: center;
}}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}

QSplitter::handle {{ background: {t.line}; }}
"""
