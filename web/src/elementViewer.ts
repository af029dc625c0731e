/** The image viewer of Element Plus, apart from the rest because few visits need it. */
import 'element-plus/theme-chalk/el-image-viewer.css'

export { ElImageViewer } from 'element-plus'
